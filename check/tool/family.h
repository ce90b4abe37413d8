/* SPDX-License-Identifier: BSD-2-Clause */
/** What a scenario is about. */
#ifndef TOOL_FAMILY_H
#define TOOL_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

#include "results.h"

struct family {
    const char *name;
    size_t length;
};

/** The family that the image named for the scenario. Results of an image that names none have the first
 * word of the scenario's name instead. */
struct family family_of(const struct point *point);
bool family_equal(struct family a, struct family b);

#endif
