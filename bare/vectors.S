/* SPDX-License-Identifier: BSD-2-Clause */
#include "own.inc"
#include "registers.inc"

/* Always entered on the own SP_ELx. Sixteen slots of 128 bytes; the slot's number says what happened. */
.macro VECTOR number
    .balign 128
    sub sp, sp, #FRAME_SIZE
    stp x0, x1, [sp]
    mov x1, #\number
    b exception_common
.endm

    .text
    .globl vectors
    .balign 2048
vectors:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    VECTOR \number
    .endr

exception_common:
    STORE_X2_TO_X17 sp
    STORE_X18_TO_X27 sp
    stp x28, x29, [sp, #224]
    /*
     * A big-endian core took this during a call: x0-x29 lie in the frame as it stored them, and are
     * loaded again when it is big-endian again. What C looks at is little-endian.
     */
    READ_OWN x2, sctlr
    bic x3, x2, #SCTLR_EE
    WRITE_OWN sctlr, x3, x4
    isb
    str x30, [sp, #240]
    str x2, [sp, #FRAME_SCTLR]
    READ_OWN x2, elr
    READ_OWN x3, spsr
    stp x2, x3, [sp, #FRAME_ELR]
    mov x0, sp
    bl exception
    ldp x2, x3, [sp, #FRAME_ELR]
    WRITE_OWN elr, x2, x4
    WRITE_OWN spsr, x3, x4
    ldr x30, [sp, #240]
    ldr x2, [sp, #FRAME_SCTLR]
    WRITE_OWN sctlr, x2, x4
    isb
    ldp x28, x29, [sp, #224]
    LOAD_X18_TO_X27 sp
    LOAD_X2_TO_X17 sp
    ldp x0, x1, [sp]
    add sp, sp, #FRAME_SIZE
    eret
