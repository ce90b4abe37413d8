/* SPDX-License-Identifier: BSD-2-Clause */
#include "level.h"

#include "layout.h"
#include "sysreg.h"

#define HCR_E2H (UINT64_C(1) << 34)

uint64_t level_at_start;

unsigned level_own(void)
{
    return sysreg_is_el2() ? 2 : 1;
}

bool level_is_like_el1(void)
{
    return !sysreg_is_el2() || (READ_SYSREG(hcr_el2) & HCR_E2H) != 0;
}

uint64_t level_sctlr(void)
{
    return sysreg_is_el2() ? SCTLR_EL2_SANE : SCTLR_EL1_SANE;
}
