/* SPDX-License-Identifier: BSD-2-Clause */
/* What may become of a core that makes a call, as far as the function ID determines it. */
#ifndef IMAGE_NATURE_H
#define IMAGE_NATURE_H

#include <stdint.h>

#include "../scenarios/engine/scenario.h"

enum nature {
    NATURE_PLAIN,  /* it returns */
    NATURE_STARTS, /* it returns, and another core may start */
    NATURE_WAITS,  /* the core may sleep until something wakes it */
    NATURE_LEAVES, /* the core may be off for good */
    NATURE_ENDS    /* all of them may */
};

/* Takes an SMC32 or SMC64 ID, or one that the machine names for PSCI 0.1. */
enum nature nature_of(const struct machine *machine, uint64_t function);

#endif
