/* SPDX-License-Identifier: BSD-2-Clause */
/* Between two scenarios: the machine as a scenario expects to find it. */
#ifndef IMAGE_TIDY_H
#define IMAGE_TIDY_H

#include "../scenarios/engine/scenario.h"

/* Whether a core has been seen that should be off by what the script saw of it last: it ran on, or
 * started. */
bool tidy_finds_surprise(const struct machine *machine);
/*
 * Afterwards the boot core carries the script, all others are off, nothing is pending, and the
 * modes are as at the start. False if it cannot be had: the machine has to be reset.
 */
bool tidy_up(const struct machine *machine, struct trial *t);

#endif
