/* SPDX-License-Identifier: BSD-2-Clause */
/* Between two scenarios: puts the machine into the state that a scenario expects. */
#ifndef IMAGE_TIDY_H
#define IMAGE_TIDY_H

#include "../scenarios/engine/scenario.h"

/* Returns whether an event came from a core that should be off: it continued to run, or started. */
bool tidy_finds_surprise(const struct machine *machine);
/*
 * Afterwards the boot core carries the script, all others are off, nothing is pending, and the
 * modes are as at the start. Returns false if that is impossible: the machine must be reset.
 */
bool tidy_up(const struct machine *machine, struct trial *t);

#endif
