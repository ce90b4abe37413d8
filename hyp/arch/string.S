/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy(), memmove() and memset(), which a compiler calls unasked. The caches are on, so
 * nothing needs to be aligned, and whole modules of guests are copied: 16 bytes at a time.
 */
    .text

/* void *memmove(void *to, const void *from, size_t size), and memcpy() */
    .globl memcpy
    .globl memmove
    .balign 4
memcpy:
memmove:
    mov x3, x0
    cmp x0, x1
    b.hi 4f
1:  subs x2, x2, #16
    b.lo 2f
    ldp x4, x5, [x1], #16
    stp x4, x5, [x3], #16
    b 1b
2:  adds x2, x2, #16
    b.eq 5f
3:  ldrb w4, [x1], #1
    strb w4, [x3], #1
    subs x2, x2, #1
    b.ne 3b
    ret

4:  add x1, x1, x2                 /* from the end */
    add x3, x3, x2
6:  subs x2, x2, #16
    b.lo 7f
    ldp x4, x5, [x1, #-16]!
    stp x4, x5, [x3, #-16]!
    b 6b
7:  adds x2, x2, #16
    b.eq 5f
8:  ldrb w4, [x1, #-1]!
    strb w4, [x3, #-1]!
    subs x2, x2, #1
    b.ne 8b
5:  ret

/* void *memset(void *to, int value, size_t size) */
    .globl memset
    .balign 4
memset:
    mov x3, x0
    and x1, x1, #0xff
    mov x4, #0x0101010101010101
    mul x1, x1, x4
1:  subs x2, x2, #16
    b.lo 2f
    stp x1, x1, [x3], #16
    b 1b
2:  adds x2, x2, #16
    b.eq 4f
3:  strb w1, [x3], #1
    subs x2, x2, #1
    b.ne 3b
4:  ret
