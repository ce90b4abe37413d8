/* SPDX-License-Identifier: BSD-2-Clause */
/** A whole run: starts the command, as often as the protocol says so, and lets it and the protocol
 * talk, within the time limits. */
#ifndef TOOL_SESSION_H
#define TOOL_SESSION_H

#include <stdio.h>

#include "progress.h"
#include "results.h"

struct session_settings {
    char *const *command;
    unsigned limit;      /**< seconds of silence while a scenario runs */
    unsigned boot_limit; /**< seconds until "# ready" */
    unsigned total;      /**< seconds for all; 0: without a limit */
    FILE *log;           /**< gets all that is printed, up to 64 MiB; may be NULL */
};

/** Blocks the signals that end the program, for session_run() to take. */
void session_block_signals(void);

/** Fills the run. A run that was not completed says so in it. Nothing that was started is left.
 *  @return 0, or the signal that ended it. */
int session_run(const struct session_settings *settings, struct run *run,
                struct progress *progress);

#endif
