/* SPDX-License-Identifier: BSD-2-Clause */
/** Names as numbers, from 0 on in the order in which they came. */
#ifndef TOOL_NAMES_H
#define TOOL_NAMES_H

#include <stddef.h>

struct names {
    const char **list; /**< the texts that were added, not copies of them */
    size_t count;
    void *tree;
};

/** The number of a name, which is a new one if it has not been there. */
size_t names_add(struct names *names, const char *name);
void names_free(struct names *names);

#endif
