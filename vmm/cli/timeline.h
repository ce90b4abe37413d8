/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DORMOUSE_CLI_TIMELINE_H
#define DORMOUSE_CLI_TIMELINE_H

#include "base/option.h"
#include "cli/drawing.h"

/** What the command's options set. */
struct timeline_settings {
    enum drawing_form form;
};

enum { TIMELINE_OPTION_COUNT = 2 };
extern const struct option_row timeline_options[TIMELINE_OPTION_COUNT];

/**
 * Shows the event log `path` ("-": standard input) on standard output, one event a line in words,
 * as the lines come in. In colour if that is a terminal and NO_COLOR is not set. Skips what is not
 * an event, and in memory that does not depend on the input.
 * @return an exit status: 0, or 1 after report()ing what is wrong
 */
int timeline_show(const char *path);

/** Draws a picture of all of it instead, if a form is given. */
int timeline_draw(const char *path, enum drawing_form form);

#endif
