/* SPDX-License-Identifier: BSD-2-Clause */
/** What all programs here have in common: commands, help, version, standard descriptors. */
#ifndef DORMOUSE_BASE_PROGRAM_H
#define DORMOUSE_BASE_PROGRAM_H

#include <stddef.h>

#include "base/option.h"

struct program_command {
    const char *name;
    const char *help; /**< one line */
    /** Gets the arguments after the name, including `--help`. Returns the exit status. */
    int (*call)(int argc, char *const *argv);
};

/** The abbreviated git revision of the source; outside of a git checkout, the version. */
extern const char program_revision[];

struct program {
    const char *name;
    const char *version;
    const char *summary; /**< one line */
    const struct program_command *commands;
    size_t count;
    int usage_status;  /**< exit status of a wrong command line, */
    int output_status; /**< and if standard output does not take what was asked for */
};

/** Runs the command that the arguments name. Returns the exit status. */
int program_main(const struct program *program, int argc, char *const *argv);

/** Ignores a signal, of at most four. Main thread, once for each signal. */
void program_ignore_signal(int number);
/** Undoes all calls of program_ignore_signal(), for a child that is about to become another program. */
void program_restore_signals(void);

/**
 * The exit status of a command whose options were parsed with a result other than OPTION_GOOD: after
 * OPTION_HELP, which prints the help, 0, or `output_status` after report()ing one line; after OPTION_BAD
 * `usage_status`.
 */
int program_end(enum option_result parsed, const struct option_command *command, int usage_status,
                int output_status);

#endif
