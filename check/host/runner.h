/* SPDX-License-Identifier: BSD-2-Clause */
/** Runs scenarios on adapters and says what came of it, in the Test Anything Protocol, version 14.
 *  Needs no C library: lines go to a function of the caller's. */
#ifndef CHECK_RUNNER_H
#define CHECK_RUNNER_H

#include "../scenarios/engine/tap.h"
#include "host_view.h"

struct runner {
    struct tap tap;         /**< where to, and what came of it */
    view_parallel parallel; /**< NULL: no threads */
    /** Which scenarios, by name; count 0: all of them. A name that ends in '*' stands for all that
     *  begin so. */
    const char *const *names;
    uint32_t name_count;
};

/** A document of one configuration: a test point a scenario. */
void runner_run(struct runner *runner, const struct adapter *adapter);
/** A document of several: each a subtest. */
void runner_run_all(struct runner *runner, const struct adapter *list, uint32_t count);
/** Scenarios, one a line: name, clause, consequence. */
void runner_list(struct runner *runner);
/** Whether any scenario has that name, or begins so. */
bool runner_knows(const char *name);

#endif
