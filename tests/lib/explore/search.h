/* SPDX-License-Identifier: BSD-2-Clause */
/* All interleavings of a scenario. */
#ifndef EXPLORE_SEARCH_H
#define EXPLORE_SEARCH_H

#include "scenario.h"

struct tally {
    size_t states;     /* different ones */
    double executions; /* ways through them, from the start to the end */
};

/* False, with the schedule on standard output, if something is wrong. */
bool search(const struct program *program, struct tally *tally);

#endif
