/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DORMOUSE_CONTROL_TIMELINE_H
#define DORMOUSE_CONTROL_TIMELINE_H

/*
 * Shows the event log `path` ("-": standard input) on standard output, a line of words an event, as
 * the lines come in, until its end. In colour where that is a terminal and NO_COLOR is not set.
 * Returns an exit status: 0, or 1 after report()ing one line (the file is missing, a line is no
 * event).
 */
int timeline_show(const char *path);

#endif
