/* SPDX-License-Identifier: BSD-2-Clause */
#include "trap.h"

#include <stddef.h>

static struct trap set;

void trap_set(struct trap trap)
{
    set = trap;
}

bool trap_sprang(void)
{
    return !set.spring;
}

static void look_for_trap(enum access_op op, const struct vpsci__cell *cell)
{
    struct trap trap = set;

    if (!trap.spring || trap.op != op || trap.cell != cell) {
        return;
    }
    if (set.skip > 0) {
        set.skip--;
        return;
    }
    set.spring = NULL;
    trap.spring(trap.argument);
}

uint64_t shared_access(enum access_op op, const struct vpsci__cell *cell, uint64_t value,
                       uint64_t expected)
{
    /* All cells are the library's own, and none of them is really constant. */
    struct vpsci__cell *memory = (struct vpsci__cell *)(uintptr_t)cell;
    uint64_t before;

    look_for_trap(op, cell);
    before = memory->value;
    if (op == ACCESS_STORE || (op == ACCESS_SWAP && before == expected)) {
        memory->value = value;
    } else if (op == ACCESS_ADD) {
        memory->value = before + value;
    }
    return before;
}
