/* SPDX-License-Identifier: BSD-2-Clause */
/* A table from digests to what is known of what they stand for. */
#ifndef EXPLORE_VISITED_H
#define EXPLORE_VISITED_H

#include "machine.h"

struct visited {
    struct entry {
        struct digest digest; /* 0 and 0: free */
        union {
            double executions; /* of a state: how many begin in it */
            uint32_t moment;   /* of the monitor */
        };
    } *entries;
    size_t size; /* a power of two */
    size_t count;
};

void visited_make(struct visited *visited);
void visited_free(struct visited *visited);
/* The entry; added, with `*is_new`, if it is not there. Valid until the next call. */
struct entry *visited_find(struct visited *visited, struct digest digest, bool *is_new);

#endif
