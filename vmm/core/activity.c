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
