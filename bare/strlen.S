/* SPDX-License-Identifier: BSD-2-Clause */
/* A function that a compiler calls unasked, like those of string.S. */
    .text

/* size_t strlen(const char *text) */
    .globl strlen
    .balign 4
strlen:
    mov x1, x0
    mov x0, #0
1:  ldrb w2, [x1, x0]
    cbz w2, 2f
    add x0, x0, #1
    b 1b
2:  ret
