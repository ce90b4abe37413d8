/* SPDX-License-Identifier: BSD-2-Clause */
#include "script_stack.h"

#include <stddef.h>

enum { STACK_SIZE = 32768 };

static uint8_t stack[STACK_SIZE] __attribute__((aligned(16)));
/* The stack pointers of the script and of the core that carries it. */
static uint64_t script_at;
static uint64_t carrier_at;

void script_prepare(void (*main)(void))
{
    uint64_t top = (uint64_t)(uintptr_t)stack + sizeof(stack);
    uint64_t frame = top - SCRIPT_FRAME;

    *(uint64_t *)(uintptr_t)(frame + SCRIPT_LINK + sizeof(uint64_t)) = (uint64_t)(uintptr_t)main;
    script_at = frame;
}

void script_carry(void)
{
    script_switch(&carrier_at, script_at);
}

void script_leave(void)
{
    script_switch(&script_at, carrier_at);
}
