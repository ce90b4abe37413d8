/* SPDX-License-Identifier: BSD-2-Clause */
/** What standard output shows: each failure, a summary, and on a terminal also the progress. */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include <stdbool.h>

#include "results.h"

struct progress {
    bool quiet;    /**< nothing is shown */
    bool terminal; /**< standard output is one */
    bool broken;   /**< standard output could not be written; the reason was reported */
    unsigned shown;
    unsigned running; /**< the scenario that the line shows */
};

void progress_start(struct progress *progress, bool quiet);
/** Shows the failures among the results up to `settled`, and that scenario `running` runs (0:
 * none). */
void progress_show(struct progress *progress, const struct run *run, unsigned settled,
                   unsigned running, const char *name);
/** Shows the remaining failures, and the counts as the last line. @return false if standard
 * output was not written. */
bool progress_end(struct progress *progress, const struct run *run);
/** Shows a whole saved run, with its name before the counts. */
void progress_report(struct progress *progress, const struct run *run);
/** Shows the counts of several runs together. */
bool progress_total(struct progress *progress, const struct results *results);

#endif
