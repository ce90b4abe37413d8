/* SPDX-License-Identifier: BSD-2-Clause */
/** The command that boots the image: a process in a session of its own, with all that it starts.
 *  One at a time; all children of this program are taken for its. */
#ifndef TOOL_PROCESS_H
#define TOOL_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct process {
    pid_t pid; /**< 0: there is none */
    int in;    /**< its standard input, to write to; does not block */
    int out;   /**< its standard output, to read from; does not block */
};

/** Starts it, with default signal dispositions. The kernel kills it if this program dies.
 * @param pty its standard input and output are a pseudo-terminal, not pipes
 * @return 0, or an errno value if it was not started. */
int process_start(struct process *process, char *const *command, bool pty);
/** Returns whether it has ended. Its number stays its own until process_stop(). */
bool process_has_ended(const struct process *process);
/** Ends it and all that it started, with SIGTERM first. */
void process_stop(struct process *process);
/** How it ended, after process_has_ended(): "with status 1", "by signal 9 (Killed)". */
void process_how(const struct process *process, char *text, size_t size);

#endif
