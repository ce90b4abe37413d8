/* SPDX-License-Identifier: BSD-2-Clause */
/* How a Linux program starts and calls its kernel on 32-bit Arm; see runtime.h. */

.macro entry name
    .globl \name
    .type \name, %function
\name:
.endm

    .syntax unified
    .arm
    .text
entry _start
    mov r11, #0
    mov r0, sp
    bic sp, sp, #7
    bl rt_start

entry rt_open
    push {r4, r7, r11, lr}
    mov r1, r0
    mvn r0, #99 /* AT_FDCWD, -100 */
    mov r2, #0
    mov r3, #0
    ldr r7, =322 /* openat */
    svc #0
    pop {r4, r7, r11, pc}

entry rt_read
    push {r7, lr}
    mov r7, #3
    svc #0
    pop {r7, pc}

entry rt_write
    push {r7, lr}
    mov r7, #4
    svc #0
    pop {r7, pc}

entry rt_exit
    mov r7, #248 /* exit_group */
    svc #0
    udf #0
    .ltorg

    .section .note.GNU-stack, "", %progbits
