/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of lib/atomic.h: every access to shared memory becomes a step of the explorer, which
 * decides whose step comes next. Read first, by -include, when the library is compiled for it.
 *
 * A relaxed `peek` or `poke` is a step like any other: what is published before it is written
 * shows.
 */
#ifndef VPSCI_ATOMIC_H
#define VPSCI_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

struct vpsci__cell {
    uint64_t value;
};

enum explore_op {
    EXPLORE_LOAD,
    EXPLORE_PEEK,
    EXPLORE_STORE,
    EXPLORE_POKE,
    EXPLORE_SWAP,
    EXPLORE_ADD
};

/* Returns what the cell held before. EXPLORE_SWAP writes only if that is `expected`. */
uint64_t explore_access(enum explore_op op, const struct vpsci__cell *cell, uint64_t value,
                        uint64_t expected);

static inline uint64_t vpsci__load(const struct vpsci__cell *cell)
{
    return explore_access(EXPLORE_LOAD, cell, 0, 0);
}

static inline void vpsci__store(struct vpsci__cell *cell, uint64_t value)
{
    (void)explore_access(EXPLORE_STORE, cell, value, 0);
}

static inline bool vpsci__swap(struct vpsci__cell *cell, uint64_t *expected, uint64_t value)
{
    uint64_t before = explore_access(EXPLORE_SWAP, cell, value, *expected);
    bool swapped = before == *expected;

    *expected = before;
    return swapped;
}

static inline uint64_t vpsci__add(struct vpsci__cell *cell, uint64_t value)
{
    return explore_access(EXPLORE_ADD, cell, value, 0);
}

static inline uint64_t vpsci__peek(const struct vpsci__cell *cell)
{
    return explore_access(EXPLORE_PEEK, cell, 0, 0);
}

static inline void vpsci__poke(struct vpsci__cell *cell, uint64_t value)
{
    (void)explore_access(EXPLORE_POKE, cell, value, 0);
}

#endif
