/* SPDX-License-Identifier: BSD-2-Clause */
/** Runs scenarios on adapters and writes the results in the Test Anything Protocol, version 14.
 * Needs no C library: lines go to the caller's function. */
#ifndef CHECK_RUNNER_H
#define CHECK_RUNNER_H

#include "../scenarios/engine/tap.h"
#include "host_view.h"

struct runner {
    struct tap tap;         /**< the output, and the counts */
    view_parallel parallel; /**< NULL: no threads */
    /** The names of the scenarios to run; count 0: all. A name that ends in '*' selects all that
     * begin with it. */
    const char *const *names;
    uint32_t name_count;
};

/** Writes a document about one configuration, with a test point for each scenario. */
void runner_run(struct runner *runner, const struct adapter *adapter);
/** Writes a document about several configurations, each a subtest. */
void runner_run_all(struct runner *runner, const struct adapter *list, uint32_t count);
/** Lists the scenarios, one a line: name, clause, consequence. */
void runner_list(struct runner *runner);
/** Returns whether any scenario has that name, or begins with it. */
bool runner_knows(const char *name);

#endif
