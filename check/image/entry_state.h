/* SPDX-License-Identifier: BSD-2-Clause */
/* The state that a core must have at an entry point (DEN0022 6.4, "Initial core configuration"). */
#ifndef IMAGE_ENTRY_H
#define IMAGE_ENTRY_H

#include "smp.h"

/* Returns what is wrong with the state found at an entry, or NULL. */
const char *entry_problem(const struct entry_state *found, bool big_endian);
bool entry_is_big_endian(const struct entry_state *found);

#endif
