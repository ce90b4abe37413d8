/* SPDX-License-Identifier: BSD-2-Clause */
/* For targets whose input is an operator's: report() is replaced (--wrap), and each message is checked, not shown. */
#ifndef DORMOUSE_FUZZ_ONE_LINE_H
#define DORMOUSE_FUZZ_ONE_LINE_H

#include <stdbool.h>
#include <stdlib.h>

/* How many lines were reported. */
extern unsigned one_line_count;

/* Ends the target if something is not as it must be. */
static inline void check(bool right)
{
    if (!right) {
        abort();
    }
}

#endif
