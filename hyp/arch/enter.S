/* SPDX-License-Identifier: BSD-2-Clause */
#include "registers.inc"

#include "offsets.h"

/* What enter_guest() keeps on its stack: x19 to x30, the frame. */
#define SAVED_SIZE  112
#define SAVED_FRAME 96

/* From a guest: x0 and x1 on the stack, the vector's number in x1. */
.macro FROM_GUEST number
    .balign 128
    stp x0, x1, [sp, #-16]!
    mov x1, #\number
    b leave_guest
.endm

/* The same, of an AArch64 guest's synchronous exceptions: calls have a short way. */
.macro CALL_FROM_GUEST
    .balign 128
    stp x0, x1, [sp, #-16]!
    mrs x1, esr_el2
    ubfx x0, x1, #ESR_CLASS_SHIFT, #6
    sub x0, x0, #ESR_CLASS_HVC
    cmp x0, #ESR_CLASS_SMC - ESR_CLASS_HVC
    b.ls call_from_guest
    mov x1, #VECTOR_SYNC
    b leave_guest
.endm

/* From EL2 itself: a fault in hyp. */
.macro FROM_HYP number
    .balign 128
    msr tpidr_el1, x0              /* this core's guest is lost anyway */
    mov x0, #\number
    b fault_in_hyp
.endm

    .section .text.vectors, "ax"
    .globl vectors
    .balign 2048
vectors:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    FROM_HYP \number
    .endr
    CALL_FROM_GUEST
    .irp number, 9, 10, 11, 12, 13, 14, 15
    FROM_GUEST \number
    .endr

/* unsigned enter_guest(struct arch_frame *frame): returns the number of the vector, or VECTOR_CALLED. */
    .globl enter_guest
    .balign 4
enter_guest:
    stp x29, x30, [sp, #-SAVED_SIZE]!
    stp x27, x28, [sp, #16]
    stp x25, x26, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x21, x22, [sp, #64]
    stp x19, x20, [sp, #80]
    str x0, [sp, #SAVED_FRAME]
    ldp x1, x2, [x0, #FRAME_PC]
    msr elr_el2, x1
    msr spsr_el2, x2
    LOAD_X2_TO_X17 x0
    LOAD_X18_TO_X27 x0
    ldp x28, x29, [x0, #224]
    ldr x30, [x0, #240]
    ldp x0, x1, [x0]
    eret
    dsb nsh                        /* nothing is executed speculatively behind ERET */
    isb

/*
 * A call that returns at once, as nearly all do: hyp_call() preserves x19 to x28, so that they need not
 * be written to the frame and read again. x1: ESR_EL2.
 */
call_from_guest:
    ldr x0, [sp, #16 + SAVED_FRAME]
    STORE_X2_TO_X17 x0
    str x18, [x0, #144]
    stp x29, x30, [x0, #232]
    ldp x2, x3, [sp]
    stp x2, x3, [x0]
    mrs x2, elr_el2
    mrs x3, spsr_el2
    stp x2, x3, [x0, #FRAME_PC]
    str x19, [sp]                  /* x0 and x1 are in the frame now */
    mov x19, x0
    bl hyp_call
    mov x1, x19
    ldr x19, [sp], #16
    tbz w0, #0, 1f                 /* a bool: bits 31 to 8 may be anything */
    ldr x2, [x1, #FRAME_PC]
    msr elr_el2, x2
    LOAD_X2_TO_X17 x1
    ldr x18, [x1, #144]
    ldp x29, x30, [x1, #232]
    ldp x0, x1, [x1]
    eret
    dsb nsh
    isb

1:  stp x19, x20, [x1, #152]       /* the guest has to wait: all of it goes to the frame */
    stp x21, x22, [x1, #168]
    stp x23, x24, [x1, #184]
    stp x25, x26, [x1, #200]
    stp x27, x28, [x1, #216]
    mov x0, #VECTOR_CALLED
    b return_from_guest

leave_guest:
    ldr x0, [sp, #16 + SAVED_FRAME]
    STORE_X2_TO_X17 x0
    STORE_X18_TO_X27 x0
    stp x28, x29, [x0, #224]
    str x30, [x0, #240]
    ldp x2, x3, [sp], #16
    stp x2, x3, [x0]
    mrs x2, elr_el2
    mrs x3, spsr_el2
    stp x2, x3, [x0, #FRAME_PC]
    mov x0, x1

return_from_guest:
    ldp x27, x28, [sp, #16]
    ldp x25, x26, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x21, x22, [sp, #64]
    ldp x19, x20, [sp, #80]
    ldp x29, x30, [sp], #SAVED_SIZE
    ret

/* Writes all registers to the core's fault frame: on its stack there may be no room left. */
fault_in_hyp:
    msr tpidrro_el0, x1
    mrs x1, tpidr_el2
    cbz x1, 1f
    ldr x1, [x1, #CORE_FAULT]
    STORE_X2_TO_X17 x1
    STORE_X18_TO_X27 x1
    stp x28, x29, [x1, #224]
    str x30, [x1, #240]
    mrs x2, tpidr_el1
    mrs x3, tpidrro_el0
    stp x2, x3, [x1]
    mrs x2, elr_el2
    mrs x3, spsr_el2
    stp x2, x3, [x1, #FRAME_PC]
    mov x2, sp
    mrs x3, tpidr_el2
    ldr x4, [x3, #CORE_STACK_TOP]
    mov sp, x4                     /* the report may use all of the stack */
    bl fault_report
1:  wfi
    b 1b
