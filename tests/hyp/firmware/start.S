/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where all cores begin, at EL3 and in flash: the first one copies this image to secure RAM, where it is
 * linked. MMU and caches stay off, so that all memory is coherent.
 */
#include "registers.inc"

#define STACK_SIZE 4096
#define CORES      16
#define CORE_MASK  0xf
#define SECURE_RAM 0x0e000000
#define FRAME_SIZE 272

    .section .head, "ax"
    .globl _start
_start:
    msr daifset, #0xf
    mrs x19, mpidr_el1
    and x19, x19, #CORE_MASK
    ldr x2, =image_file_end
    cbnz x19, 3f
    mov x0, xzr                    /* flash is at 0 */
    ldr x1, =SECURE_RAM
1:  ldp x3, x4, [x0], #16
    stp x3, x4, [x1], #16
    cmp x1, x2
    b.lo 1b
    dsb sy
    ldr x1, =image_is_there
    str x2, [x1]
    dsb sy
3:  ldr x1, =image_is_there        /* RAM is zero at first */
4:  ldr x3, [x1]
    cmp x3, x2
    b.ne 4b
    ic iallu
    dsb sy
    isb
    ldr x1, =core_begin
    br x1
    .ltorg

    .text
core_begin:
    ldr x0, =vectors
    msr vbar_el3, x0
    ldr x0, =stacks
    add x1, x19, #1
    mov x2, #STACK_SIZE
    madd x0, x1, x2, x0
    mov sp, x0
    isb
    sub sp, sp, #FRAME_SIZE
    mov x0, sp
    mov x1, x19
    bl firmware_begin
    b leave

    /* Offsets as in struct frame. */
.macro ENTER_C function
    .balign 128
    sub sp, sp, #FRAME_SIZE
    stp x29, x30, [sp, #232]
    stp x0, x1, [sp]
    adr x30, leave
    ldr x29, =\function
    b enter
.endm
.macro FAULT
    .balign 128
    b fault
.endm

    .balign 2048
vectors:
    .rept 8
    FAULT
    .endr
    ENTER_C firmware_take_call
    FAULT
    ENTER_C firmware_take_kick
    .rept 5
    FAULT
    .endr

enter:
    STORE_X2_TO_X17 sp
    STORE_X18_TO_X27 sp
    str x28, [sp, #224]
    mrs x1, elr_el3
    mrs x2, spsr_el3
    stp x1, x2, [sp, #248]
    mov x0, sp
    br x29                         /* returns to `leave` */

leave:
    ldp x1, x2, [sp, #248]
    msr elr_el3, x1
    msr spsr_el3, x2
    LOAD_X2_TO_X17 sp
    LOAD_X18_TO_X27 sp
    ldp x28, x29, [sp, #224]
    ldr x30, [sp, #240]
    ldp x0, x1, [sp]
    add sp, sp, #FRAME_SIZE
    eret

fault:
    mrs x0, esr_el3
    mrs x1, elr_el3
    bl firmware_fault

    .section .bss
    .balign 16
image_is_there:
    .quad 0
stacks:
    .skip CORES * STACK_SIZE
