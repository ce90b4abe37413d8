/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * void firmware_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
 *                   struct arch_smc_result *result), and the same by HVC. The calling convention before
 * 1.1 lets a call change x4 to x17 (SMCCC 2.6); x18 is kept too, since C code may use it.
 */
.macro CALL name, instruction
    .globl \name
    .balign 4
\name:
    stp x4, x18, [sp, #-16]!
    \instruction #0
    ldp x4, x18, [sp], #16
    stp x0, x1, [x4]
    stp x2, x3, [x4, #16]
    ret
.endm

    .text
    CALL firmware_smc, smc
    CALL firmware_hvc, hvc
