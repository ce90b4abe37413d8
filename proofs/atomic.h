/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of lib/atomic.h, for CBMC: one thread, so plain accesses. That interleavings do no
 * harm is what tests/lib/explore shows.
 */
#ifndef VPSCI_ATOMIC_H
#define VPSCI_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

struct vpsci__cell {
    uint64_t value;
};

static inline uint64_t vpsci__load(const struct vpsci__cell *cell)
{
    return cell->value;
}

static inline void vpsci__store(struct vpsci__cell *cell, uint64_t value)
{
    cell->value = value;
}

static inline bool vpsci__swap(struct vpsci__cell *cell, uint64_t *expected, uint64_t value)
{
    uint64_t before = cell->value;

    if (before == *expected) {
        cell->value = value;
        return true;
    }
    *expected = before;
    return false;
}

static inline uint64_t vpsci__add(struct vpsci__cell *cell, uint64_t value)
{
    uint64_t before = cell->value;

    cell->value = before + value;
    return before;
}

#endif
