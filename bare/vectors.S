/* SPDX-License-Identifier: BSD-2-Clause */
#include "own.inc"

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
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
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
    ldp x26, x27, [sp, #208]
    ldp x24, x25, [sp, #192]
    ldp x22, x23, [sp, #176]
    ldp x20, x21, [sp, #160]
    ldp x18, x19, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    add sp, sp, #FRAME_SIZE
    eret
