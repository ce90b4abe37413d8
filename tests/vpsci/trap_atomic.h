/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of lib/atomic.h: before any access to shared memory a test can have something else
 * happen, as another thread would. Read first, by -include, when the library is compiled for it.
 */
#ifndef VPSCI_ATOMIC_H
#define VPSCI_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

struct vpsci__cell {
    uint64_t value;
};

enum trap_op { TRAP_LOAD, TRAP_STORE, TRAP_SWAP, TRAP_ADD };

/* Returns what the cell held. TRAP_SWAP writes only if that is `expected`. */
uint64_t trap_access(enum trap_op op, const struct vpsci__cell *cell, uint64_t value,
                     uint64_t expected);

static inline uint64_t vpsci__load(const struct vpsci__cell *cell)
{
    return trap_access(TRAP_LOAD, cell, 0, 0);
}

static inline void vpsci__store(struct vpsci__cell *cell, uint64_t value)
{
    (void)trap_access(TRAP_STORE, cell, value, 0);
}

static inline bool vpsci__swap(struct vpsci__cell *cell, uint64_t *expected, uint64_t value)
{
    uint64_t before = trap_access(TRAP_SWAP, cell, value, *expected);
    bool swapped = before == *expected;

    *expected = before;
    return swapped;
}

static inline uint64_t vpsci__add(struct vpsci__cell *cell, uint64_t value)
{
    return trap_access(TRAP_ADD, cell, value, 0);
}

static inline uint64_t vpsci__peek(const struct vpsci__cell *cell)
{
    return vpsci__load(cell);
}

static inline void vpsci__poke(struct vpsci__cell *cell, uint64_t value)
{
    vpsci__store(cell, value);
}

#endif
