/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that a compiler calls unasked. Not in C, where it would take the loops for what they
 * are and call the functions themselves. A byte at a time: with the MMU off nothing may be
 * unaligned, and nothing here is large.
 */
    .text

/* void *memmove(void *to, const void *from, size_t size), and memcpy() */
    .globl memcpy
    .globl memmove
    .balign 4
memcpy:
memmove:
    cmp x0, x1
    b.hi 3f
    mov x3, #0
1:  cmp x3, x2
    b.eq 2f
    ldrb w4, [x1, x3]
    strb w4, [x0, x3]
    add x3, x3, #1
    b 1b
2:  ret

3:  cbz x2, 2b
    sub x2, x2, #1
    ldrb w4, [x1, x2]
    strb w4, [x0, x2]
    b 3b

/* void *memset(void *to, int value, size_t size) */
    .globl memset
memset:
    cbz x2, 1f
    sub x2, x2, #1
    strb w1, [x0, x2]
    b memset
1:  ret
