/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's RAM, and what in it is taken, as the machine's own device tree says. */
#ifndef HYP_MEMORY_MAP_H
#define HYP_MEMORY_MAP_H

#include <stdbool.h>
#include <stdint.h>

enum { MEMORY_RANGE_MAX = 16 };

struct memory_range {
    uint64_t base;
    uint64_t size;
};

struct memory_map {
    unsigned ram_count;
    struct memory_range ram[MEMORY_RANGE_MAX];
    unsigned used_count;
    struct memory_range used[MEMORY_RANGE_MAX];
    struct memory_range bundle; /* /chosen's initrd, which is in `used` too; size 0: no initrd */
};

/*
 * Reads /memory, /reserved-memory, the reservation block and /chosen. The tree itself, which is at `pa`,
 * is used too. Returns false if it is no tree, has no RAM, or more ranges than there is room for.
 */
bool memory_map_read(const void *tree, uint64_t pa, struct memory_map *map);
/* Whether there was room for it. */
bool memory_map_use(struct memory_map *map, uint64_t base, uint64_t size);

#endif
