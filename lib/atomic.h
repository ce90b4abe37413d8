/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that touches memory which several threads share.
 *
 * Every access is sequentially consistent, and nothing else of the library is shared and written
 * while threads may call it (struct vpsci_vm in internal.h). So by C11 (5.1.2.4 and 7.17.3: a program
 * without data races whose atomic operations are all sequentially consistent behaves as if its
 * threads took turns) what the explorer finds for interleavings holds on every processor.
 *
 * That is more than most accesses need: what one word publishes could do with acquire and release.
 * It costs about 100 bytes of code on arm64.
 *
 * A build that wants other accesses, or has no <stdatomic.h>, defines VPSCI_ATOMIC_H before this
 * file is read, and gives the same five names a meaning: docs/embedding.md has an example, and
 * tests/lib/atomic.h is one.
 */
#ifndef VPSCI_ATOMIC_H
#define VPSCI_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A lock inside libatomic would be a thread that others wait for. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics must be lock-free");

struct vpsci__cell {
    _Atomic uint64_t value;
};

static inline uint64_t vpsci__load(const struct vpsci__cell *cell)
{
    return atomic_load_explicit(&cell->value, memory_order_seq_cst);
}

static inline void vpsci__store(struct vpsci__cell *cell, uint64_t value)
{
    atomic_store_explicit(&cell->value, value, memory_order_seq_cst);
}

/* Replaces *expected by `value`; else *expected is what was there instead. */
static inline bool vpsci__swap(struct vpsci__cell *cell, uint64_t *expected, uint64_t value)
{
    return atomic_compare_exchange_strong_explicit(&cell->value, expected, value,
                                                   memory_order_seq_cst, memory_order_seq_cst);
}

/* Adds, and returns what was there before. */
static inline uint64_t vpsci__add(struct vpsci__cell *cell, uint64_t value)
{
    return atomic_fetch_add_explicit(&cell->value, value, memory_order_seq_cst);
}

#endif
