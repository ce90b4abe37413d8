/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers lie close together, at a stride of the vector length; struct sve_state has room for
 * the longest.
 */
#include "layout.h"

    .arch_extension sve

    .text

/* uint64_t sve_length(void): in bytes */
    .globl sve_length
    .balign 4
sve_length:
    rdvl x0, #1
    ret

/* void sve_load(const struct sve_state *state) */
    .globl sve_load
sve_load:
    mov x1, #SVE_FFR
    add x1, x0, x1
    ldr p0, [x1]
    wrffr p0.b
    mov x1, #SVE_P
    add x1, x0, x1
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    ldr p\n, [x1, #\n, mul vl]
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
        24, 25, 26, 27, 28, 29, 30, 31
    ldr z\n, [x0, #\n, mul vl]
    .endr
    ret

/* void sve_store(struct sve_state *state): p0 is saved before it carries the FFR, and kept */
    .globl sve_store
sve_store:
    mov x1, #SVE_P
    add x1, x0, x1
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    str p\n, [x1, #\n, mul vl]
    .endr
    mov x2, #SVE_FFR
    add x2, x0, x2
    rdffr p0.b
    str p0, [x2]
    ldr p0, [x1]
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
        24, 25, 26, 27, 28, 29, 30, 31
    str z\n, [x0, #\n, mul vl]
    .endr
    ret
