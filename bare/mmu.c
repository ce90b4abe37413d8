/* SPDX-License-Identifier: BSD-2-Clause */
#include "mmu.h"

#include "layout.h"
#include "level.h"
#include "platform.h"
#include "sysreg.h"

/* One level of 1 GiB blocks: 4 KiB granule, 39 bits of address (Arm ARM D8.3). */
enum { BLOCK_SHIFT = 30, BLOCK_COUNT = 512, ADDRESS_BITS = 39 };

enum {
    BLOCK_VALID = 1u << 0,
    BLOCK_ATTRIBUTE_SHIFT = 2,
    BLOCK_EL2 = 1u << 6, /* one, where EL2 has a single privilege */
    BLOCK_OUTER_SHAREABLE = 2u << 8,
    BLOCK_ACCESSED = 1u << 10,
};

enum { ATTRIBUTE_DEVICE = 0, ATTRIBUTE_MEMORY = 1 };

#define MAIR_DEVICE_NGNRE  UINT64_C(0x04)
#define MAIR_NON_CACHEABLE UINT64_C(0x44)

#define TCR_NO_TTBR1     (UINT64_C(1) << 23)
#define TCR_IPS_SHIFT    32
#define TCR_EL2_ONES     (UINT64_C(1) << 31 | UINT64_C(1) << 23)
#define TCR_EL2_PS_SHIFT 16
#define PARANGE_MASK     0xf
#define PARANGE_40_BIT   2

static uint64_t table[BLOCK_COUNT] __attribute__((aligned(4096)));

static uint64_t mmu_block_entry(unsigned index, unsigned attribute)
{
    return (uint64_t)index << BLOCK_SHIFT | BLOCK_VALID | BLOCK_OUTER_SHAREABLE | BLOCK_ACCESSED |
           attribute << BLOCK_ATTRIBUTE_SHIFT | (level_is_like_el1() ? 0 : BLOCK_EL2);
}

static void mmu_flush_table(void)
{
    if (level_own() == 2) {
        __asm__ volatile("dsb sy\n\ttlbi alle2\n\tdsb sy\n\tisb" ::: "memory");
    } else {
        __asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
    }
}

static uint64_t mmu_control_bits(void)
{
    uint64_t range = READ_SYSREG(id_aa64mmfr0_el1) & PARANGE_MASK;

    range = range < PARANGE_40_BIT ? range : PARANGE_40_BIT;
    return (64 - ADDRESS_BITS) | (level_is_like_el1() ? range << TCR_IPS_SHIFT | TCR_NO_TTBR1
                                                      : range << TCR_EL2_PS_SHIFT | TCR_EL2_ONES);
}

void mmu_prepare(void)
{
    for (unsigned i = 0; i < BLOCK_COUNT; i++) {
        bool is_ram = platform_ram_contains((uint64_t)i << BLOCK_SHIFT, 1);

        table[i] = mmu_block_entry(i, is_ram ? ATTRIBUTE_MEMORY : ATTRIBUTE_DEVICE);
    }
    WRITE_OWN_SYSREG(mair, MAIR_DEVICE_NGNRE | MAIR_NON_CACHEABLE << 8);
    WRITE_OWN_SYSREG(tcr, mmu_control_bits());
    WRITE_OWN_SYSREG(ttbr0, table);
    mmu_flush_table();
}

void mmu_on(void)
{
    WRITE_OWN_SYSREG(sctlr, level_sctlr() | SCTLR_M);
}

void mmu_off(void)
{
    WRITE_OWN_SYSREG(sctlr, level_sctlr());
    mmu_flush_table();
}

void mmu_map_devices_as_memory(bool as_memory)
{
    table[0] = mmu_block_entry(0, as_memory ? ATTRIBUTE_MEMORY : ATTRIBUTE_DEVICE);
    mmu_flush_table();
}
