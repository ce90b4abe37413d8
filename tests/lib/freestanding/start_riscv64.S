/* SPDX-License-Identifier: BSD-2-Clause */
/* How a Linux program starts and calls its kernel on 64-bit RISC-V; see runtime.h. */

.macro entry name
    .globl \name
    .type \name, @function
\name:
.endm

    .text
entry _start
    .option push
    .option norelax
    lla gp, __global_pointer$
    .option pop
    li fp, 0
    mv a0, sp
    andi sp, sp, -16
    call rt_start

entry rt_open
    mv a1, a0
    li a0, -100 /* AT_FDCWD */
    li a2, 0
    li a3, 0
    li a7, 56 /* openat */
    ecall
    ret

entry rt_read
    li a7, 63
    ecall
    ret

entry rt_write
    li a7, 64
    ecall
    ret

entry rt_exit
    li a7, 94 /* exit_group */
    ecall
    ebreak

    .section .note.GNU-stack, "", @progbits
