/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that touches memory which several threads share.
 *
 * A build that wants to see every such access defines VPSCI_ATOMIC_H before this file is read, and
 * gives the same names another meaning, as tests/lib/atomic.h does.
 *
 * Orders. `load`, `store`, `swap` and `add` are sequentially consistent: twice the library
 * publishes in one word and then looks at another (vpsci__leave() against vpsci__settled(), and the
 * domains against the cores in them), and acquire and release alone would let both sides miss each
 * other.
 *
 * `peek` and `poke` are acquire and release. They are for what a word publishes: written before the
 * word is stored, read after it was loaded. They cannot be relaxed: vpsci__request() and
 * vpsci_save() read such values and then the word once more, and that second look has to come after
 * them.
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

static inline uint64_t vpsci__peek(const struct vpsci__cell *cell)
{
    return atomic_load_explicit(&cell->value, memory_order_acquire);
}

static inline void vpsci__poke(struct vpsci__cell *cell, uint64_t value)
{
    atomic_store_explicit(&cell->value, value, memory_order_release);
}

#endif
