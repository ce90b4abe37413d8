/* SPDX-License-Identifier: BSD-2-Clause */
/** Numbers names from 0, in the order in which they are added. */
#ifndef TOOL_NAMES_H
#define TOOL_NAMES_H

#include <stddef.h>

struct names {
    const char **list; /**< the texts themselves, not copies */
    size_t count;
    void *tree;
};

/** Returns the number of a name, and adds the name if it is new. */
size_t names_add(struct names *names, const char *name);
void names_free(struct names *names);

#endif
