/* SPDX-License-Identifier: BSD-2-Clause */
/** A whole run: starts the command as often as the dialogue asks for it, and connects the two,
 * within the time limits. */
#ifndef TOOL_SESSION_H
#define TOOL_SESSION_H

#include <stdbool.h>
#include <stdio.h>

#include "progress.h"
#include "results.h"

struct session_settings {
    char *const *command;
    bool pty;            /**< the command gets a pseudo-terminal */
    unsigned limit;      /**< seconds of silence while a scenario runs */
    unsigned boot_limit; /**< seconds until "# ready" */
    unsigned total;      /**< seconds for the whole run; 0: no limit */
    FILE *log;           /**< receives all output, up to 64 MiB; may be NULL */
};

/** Blocks the signals that end the program, for session_run() to take. */
void session_block_signals(void);

/** Fills in the run; an incomplete run says so in it. No started process is left. @return 0, or
 * the signal that ended it. */
int session_run(const struct session_settings *settings, struct run *run,
                struct progress *progress);

#endif
