/* SPDX-License-Identifier: BSD-2-Clause */
#include "stage2.h"

#include <stddef.h>

/* Level 1 has blocks of 1 GiB, level 2 of 2 MiB, level 3 pages. */
enum { LEVEL_FIRST = 1, LEVEL_LAST = 3, ENTRY_COUNT = 512, ADDRESS_BITS = 39, PAGE_SHIFT = 12 };

#define ENTRY_VALID      UINT64_C(0x1)
#define ENTRY_TABLE      UINT64_C(0x2)        /* at level 3: a page */
#define ENTRY_DEVICE     (UINT64_C(0x1) << 2) /* Device-nGnRE */
#define ENTRY_MEMORY     (UINT64_C(0xf) << 2) /* write-back */
#define ENTRY_READ_WRITE (UINT64_C(0x3) << 6)
#define ENTRY_INNER      (UINT64_C(0x3) << 8)
#define ENTRY_ACCESSED   (UINT64_C(1) << 10)
#define ENTRY_NO_EXECUTE (UINT64_C(1) << 54)
#define ENTRY_ADDRESS    UINT64_C(0x0000fffffffff000)

static uint64_t stage2_tables[STAGE2_TABLE_MAX][ENTRY_COUNT] __attribute__((aligned(4096)));
static unsigned stage2_used;

static uint64_t *stage2_new_table(void)
{
    return stage2_used < STAGE2_TABLE_MAX ? stage2_tables[stage2_used++] : NULL;
}

static uint64_t stage2_span(unsigned level)
{
    return UINT64_C(1) << (PAGE_SHIFT + 9 * (LEVEL_LAST - level));
}

static uint64_t stage2_leaf(const struct vm_region *region, uint64_t offset, unsigned level)
{
    uint64_t kind = region->is_device ? ENTRY_DEVICE | ENTRY_NO_EXECUTE : ENTRY_MEMORY;

    return (region->pa + offset) | kind | ENTRY_READ_WRITE | ENTRY_INNER | ENTRY_ACCESSED |
           ENTRY_VALID | (level == LEVEL_LAST ? ENTRY_TABLE : 0);
}

/* The largest block that the rest of the region can begin with: both addresses are aligned to it. */
static unsigned stage2_level_for(const struct vm_region *region, uint64_t offset)
{
    uint64_t addresses = (region->ipa + offset) | (region->pa + offset);
    unsigned level = LEVEL_FIRST;

    while (level < LEVEL_LAST &&
           (addresses % stage2_span(level) != 0 || region->size - offset < stage2_span(level))) {
        level++;
    }
    return level;
}

/* The table of the next level behind an entry, which is made if it is not there. A block that is there
 * already, of another region, is left: regions do not overlap. */
static uint64_t *stage2_descend(uint64_t *entry)
{
    uint64_t *table;

    if ((*entry & ENTRY_VALID) != 0) {
        return (*entry & ENTRY_TABLE) != 0 ? (uint64_t *)(uintptr_t)(*entry & ENTRY_ADDRESS) : NULL;
    }
    table = stage2_new_table();
    if (table != NULL) {
        *entry = (uint64_t)(uintptr_t)table | ENTRY_VALID | ENTRY_TABLE;
    }
    return table;
}

static bool stage2_map_one(uint64_t *table, const struct vm_region *region, uint64_t offset,
                           unsigned level)
{
    uint64_t ipa = region->ipa + offset;

    for (unsigned at = LEVEL_FIRST; at < level; at++) {
        table = stage2_descend(&table[ipa / stage2_span(at) % ENTRY_COUNT]);
        if (table == NULL) {
            return false;
        }
    }
    table[ipa / stage2_span(level) % ENTRY_COUNT] = stage2_leaf(region, offset, level);
    return true;
}

static bool stage2_map(uint64_t *root, const struct vm_region *region)
{
    uint64_t offset = 0;

    if (region->ipa + region->size > UINT64_C(1) << ADDRESS_BITS ||
        ((region->ipa | region->pa | region->size) & ((1 << PAGE_SHIFT) - 1)) != 0) {
        return false;
    }
    while (offset < region->size) {
        unsigned level = stage2_level_for(region, offset);

        if (!stage2_map_one(root, region, offset, level)) {
            return false;
        }
        offset += stage2_span(level);
    }
    return true;
}

bool stage2_build(struct vm *vm)
{
    uint64_t *root = stage2_new_table();

    for (unsigned i = 0; root != NULL && i < vm->region_count; i++) {
        if (!stage2_map(root, &vm->regions[i])) {
            return false;
        }
    }
    vm->stage2_root = (uint64_t)(uintptr_t)root;
    return root != NULL;
}

unsigned stage2_table_count(void)
{
    return stage2_used;
}
