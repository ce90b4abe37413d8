/* SPDX-License-Identifier: BSD-2-Clause */
#include "entry_state.h"

#include <stddef.h>

#include "layout.h"
#include "level.h"

bool entry_is_big_endian(const struct entry_state *found)
{
    return (found->sctlr & SCTLR_EE) != 0;
}

/* The scenario judges the address and the context ID. Nothing judges the timers. */
const char *entry_problem(const struct entry_state *found, bool big_endian)
{
    if (found->current_el != level_at_start) {
        return "it is entered at another exception level than the boot CPU";
    }
    if ((found->sctlr & SCTLR_M) != 0) {
        return "it is entered with the MMU on";
    }
    if ((found->sctlr & (SCTLR_C | SCTLR_I)) != 0) {
        return "it is entered with a cache on";
    }
    if (found->daif != DAIF_ALL) {
        return "it is entered with D, A, I or F unmasked";
    }
    if (found->spsel != 1) {
        return "it is entered on SP_EL0";
    }
    return entry_is_big_endian(found) != big_endian ? "it is entered in the wrong endianness"
                                                    : NULL;
}
