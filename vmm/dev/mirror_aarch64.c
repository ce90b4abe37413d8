/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/mirror.h"

void mirror_clean(const uint8_t *at)
{
    /* Linux lets programs do this (SCTLR_EL1.UCI). */
    __asm__ volatile("dc cvac, %0\n\tdsb sy" : : "r"(at) : "memory");
}
