/* SPDX-License-Identifier: BSD-2-Clause */
/* How a Linux program starts and calls its kernel on x86-64; see runtime.h. */

.macro entry name
    .globl \name
    .type \name, @function
\name:
.endm

    .text
entry _start
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call rt_start

entry rt_open
    mov %rdi, %rsi
    mov $-100, %edi /* AT_FDCWD */
    xor %edx, %edx
    xor %r10d, %r10d
    mov $257, %eax /* openat */
    syscall
    ret

entry rt_read
    xor %eax, %eax
    syscall
    ret

entry rt_write
    mov $1, %eax
    syscall
    ret

entry rt_exit
    mov $231, %eax /* exit_group */
    syscall
    hlt

    .section .note.GNU-stack, "", @progbits
