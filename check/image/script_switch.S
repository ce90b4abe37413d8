/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * void script_switch(uint64_t *left, uint64_t entered): goes on on the stack `entered`, where an
 * earlier script_switch() left off; where this one leaves off is kept in *left. Nothing of it
 * belongs to a core, so that another core can go on.
 */
#include "script_stack.h"

    .text
    .globl script_switch
    .balign 4
script_switch:
    stp x19, x20, [sp, #-SCRIPT_FRAME]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #SCRIPT_LINK]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x29, x30, [sp, #SCRIPT_LINK]
    ldp x27, x28, [sp, #64]
    ldp x25, x26, [sp, #48]
    ldp x23, x24, [sp, #32]
    ldp x21, x22, [sp, #16]
    ldp x19, x20, [sp], #SCRIPT_FRAME
    ret
