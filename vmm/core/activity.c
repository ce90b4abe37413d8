/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/activity.h"

#include <stdatomic.h>

static atomic_uint_fast64_t count;

void activity_note(void)
{
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

void activity_note_operator(void)
{
    atomic_fetch_add_explicit(&count, ACTIVITY_OPERATOR, memory_order_relaxed);
}

uint64_t activity_count(void)
{
    return atomic_load_explicit(&count, memory_order_relaxed);
}

static struct {
    atomic_uint_fast64_t operations;
    atomic_uint_fast64_t bytes;
} totals[ACTIVITY_KINDS];

void activity_add(enum activity_kind kind, uint64_t bytes)
{
    atomic_fetch_add_explicit(&totals[kind].operations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&totals[kind].bytes, bytes, memory_order_relaxed);
}

struct activity_total activity_total(enum activity_kind kind)
{
    return (struct activity_total){
        .operations = atomic_load_explicit(&totals[kind].operations, memory_order_relaxed),
        .bytes = atomic_load_explicit(&totals[kind].bytes, memory_order_relaxed),
    };
}
