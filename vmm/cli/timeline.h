/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DORMOUSE_CLI_TIMELINE_H
#define DORMOUSE_CLI_TIMELINE_H

/**
 * Shows the event log `path` ("-": standard input) on standard output, one event a line in words,
 * as the lines come in. In colour if that is a terminal and NO_COLOR is not set. Skips what is not
 * an event, and in memory that does not depend on the input.
 * @return an exit status: 0, or 1 after report()ing what is wrong
 */
int timeline_show(const char *path);

#endif
