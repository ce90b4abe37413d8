/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry points by the hundred. Scenarios give calls different ones, to see which of them was taken;
 * each leads to the one that the runtime has, with its own address, and four, in x30, of which
 * nothing is promised at an entry.
 */
#include "landing.h"

    .section .text.landing, "ax"
    .globl landing
    .balign LANDING_SIZE
landing:
    .rept LANDING_SIZE / 4
    bl entry_point
    .endr
