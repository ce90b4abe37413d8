/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"

#include <stddef.h>

#include "arch.h"
#include "board.h"
#include "offsets.h"
#include "sysreg.h"

/* Level 1 has blocks of 1 GiB, level 2 of 2 MiB: 4 KiB granule, 39 bits of address (Arm ARM D8.3). */
enum { GIB_SHIFT = 30, BLOCK_SHIFT = 21, ENTRY_COUNT = 512, ADDRESS_BITS = 39 };

#define ENTRY_BLOCK      UINT64_C(0x1)
#define ENTRY_TABLE      UINT64_C(0x3)
#define ENTRY_DEVICE     (UINT64_C(0) << 2) /* index into MAIR_EL2 */
#define ENTRY_MEMORY     (UINT64_C(1) << 2)
#define ENTRY_EL2        (UINT64_C(1) << 6) /* AP[1] is one where there is one privilege */
#define ENTRY_INNER      (UINT64_C(3) << 8)
#define ENTRY_ACCESSED   (UINT64_C(1) << 10)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 54)

#define MAIR_VALUE (UINT64_C(0x04) | UINT64_C(0xff) << 8) /* Device-nGnRE, write-back */
/* One range of 39 bits, walks write-back and inner-shareable; RES1 bits 31 and 23. */
#define TCR_VALUE                                                                                  \
    (UINT64_C(1) << 31 | UINT64_C(1) << 23 | UINT64_C(3) << 12 | UINT64_C(1) << 10 |               \
     UINT64_C(1) << 8 | (64 - ADDRESS_BITS))
#define TCR_PS_SHIFT   16
#define PARANGE_MASK   0xf
#define PARANGE_40_BIT 2
#define SCTLR_VALUE    UINT64_C(0x30c5183d) /* RES1, and M, C, SA, I */

/* What start.S gives each core. */
struct mmu_values {
    uint64_t mair;
    uint64_t tcr;
    const void *ttbr0;
    uint64_t sctlr;
};

_Static_assert(offsetof(struct mmu_values, tcr) == MMU_TCR, "offsets.h");
_Static_assert(offsetof(struct mmu_values, ttbr0) == MMU_TTBR0, "offsets.h");
_Static_assert(offsetof(struct mmu_values, sctlr) == MMU_SCTLR, "offsets.h");

struct mmu_values mmu_values;

_Static_assert(ARCH_MEMORY_END == UINT64_C(1) << ADDRESS_BITS, "arch.h");

extern char image_start[], image_end[];

static uint64_t gibs[ENTRY_COUNT] __attribute__((aligned(4096)));
static uint64_t own_gib[ENTRY_COUNT] __attribute__((aligned(4096))); /* the GiB with this image */

static uint64_t mmu_memory_entry(uint64_t pa)
{
    return pa | ENTRY_BLOCK | ENTRY_MEMORY | ENTRY_EL2 | ENTRY_INNER | ENTRY_ACCESSED |
           ENTRY_NO_EXECUTE;
}

static uint64_t mmu_device_entry(uint64_t pa)
{
    return pa | ENTRY_BLOCK | ENTRY_DEVICE | ENTRY_EL2 | ENTRY_ACCESSED | ENTRY_NO_EXECUTE;
}

/* Only this image can be executed. */
static void mmu_map_own_gib(void)
{
    uint64_t gib = (uint64_t)image_start >> GIB_SHIFT;

    for (unsigned i = 0; i < ENTRY_COUNT; i++) {
        own_gib[i] = mmu_memory_entry(gib << GIB_SHIFT | (uint64_t)i << BLOCK_SHIFT);
    }
    for (uint64_t pa = (uint64_t)image_start >> BLOCK_SHIFT << BLOCK_SHIFT;
         pa < (uint64_t)image_end && pa >> GIB_SHIFT == gib; pa += UINT64_C(1) << BLOCK_SHIFT) {
        own_gib[pa >> BLOCK_SHIFT & (ENTRY_COUNT - 1)] &= ~ENTRY_NO_EXECUTE;
    }
    gibs[gib] = (uint64_t)own_gib | ENTRY_TABLE;
}

static void mmu_map_devices(void)
{
    uint64_t first = board.device_base >> GIB_SHIFT;

    for (uint64_t i = 0; i < board.device_size >> GIB_SHIFT; i++) {
        gibs[first + i] = mmu_device_entry((first + i) << GIB_SHIFT);
    }
}

void mmu_prepare(uint64_t tree)
{
    uint64_t range = READ_SYSREG(id_aa64mmfr0_el1) & PARANGE_MASK;

    mmu_map_devices();
    mmu_map_own_gib();
    arch_map_memory(tree, 1);
    mmu_values = (struct mmu_values){
        .mair = MAIR_VALUE,
        .tcr = TCR_VALUE | (range < PARANGE_40_BIT ? range : PARANGE_40_BIT) << TCR_PS_SHIFT,
        .ttbr0 = gibs,
        .sctlr = SCTLR_VALUE,
    };
}

void arch_map_memory(uint64_t pa, uint64_t size)
{
    for (uint64_t i = pa >> GIB_SHIFT; i <= (pa + size - 1) >> GIB_SHIFT && i < ENTRY_COUNT; i++) {
        if (gibs[i] == 0) {
            gibs[i] = mmu_memory_entry(i << GIB_SHIFT);
        }
    }
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

uint64_t arch_image(uint64_t *size)
{
    *size = (uint64_t)(image_end - image_start);
    return (uint64_t)image_start;
}
