/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether statistics count each stay of a domain in a low-power state, once. */
#ifndef EXPLORE_STAYS_H
#define EXPLORE_STAYS_H

#include "machine.h"

/* From here on, after the setup, stays are counted. */
void stays_begin(void);
/* Is what the library has counted what these steps, since then, did to the domains? Only while no
 * thread is inside the library. */
bool stays_are_counted(const struct event *events, uint32_t count);

#endif
