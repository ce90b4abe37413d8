/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of lib/atomic.h: every access to shared memory becomes a call of shared_access(),
 * which the program has: what else happens between two of them is its business (tests/lib/explore,
 * tests/lib/unit/trap.c). Read first, by -include, when the library is compiled for it.
 */
#ifndef VPSCI_ATOMIC_H
#define VPSCI_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

struct vpsci__cell {
    uint64_t value;
};

enum access_op { ACCESS_LOAD, ACCESS_STORE, ACCESS_SWAP, ACCESS_ADD };

/* Returns what the cell held before. ACCESS_SWAP writes only if that is `expected`. */
uint64_t shared_access(enum access_op op, const struct vpsci__cell *cell, uint64_t value,
                       uint64_t expected);

static inline uint64_t vpsci__load(const struct vpsci__cell *cell)
{
    return shared_access(ACCESS_LOAD, cell, 0, 0);
}

static inline void vpsci__store(struct vpsci__cell *cell, uint64_t value)
{
    (void)shared_access(ACCESS_STORE, cell, value, 0);
}

static inline bool vpsci__swap(struct vpsci__cell *cell, uint64_t *expected, uint64_t value)
{
    uint64_t before = shared_access(ACCESS_SWAP, cell, value, *expected);
    bool swapped = before == *expected;

    *expected = before;
    return swapped;
}

static inline uint64_t vpsci__add(struct vpsci__cell *cell, uint64_t value)
{
    return shared_access(ACCESS_ADD, cell, value, 0);
}

#endif
