/* SPDX-License-Identifier: BSD-2-Clause */
/** What a scenario is about, by its name. */
#ifndef TOOL_FAMILY_H
#define TOOL_FAMILY_H

#include <stddef.h>

/** How much of the name is its family: "cpu-on" of "cpu-on-starts", "race" of
 * "race-cpu-off-of-all". */
size_t family_length(const char *name);

#endif
