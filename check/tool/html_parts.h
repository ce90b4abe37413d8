/* SPDX-License-Identifier: BSD-2-Clause */
/** The parts of the page; internal to html*.c. */
#ifndef TOOL_HTML_PARTS_H
#define TOOL_HTML_PARTS_H

#include <stdio.h>

#include "html_text.h"
#include "table.h"

extern const char html_style[];

/** Each run with its counts. */
void html_overview(FILE *file, const struct results *results);
/** Each scenario that failed somewhere, the gravest first, as section "failures". */
void html_failures(FILE *file, const struct table *table);
/** What servers chose where the specification allows a choice, side by side, as section
 * "characteristics". */
void html_characteristics(FILE *file, const struct results *results);
/** All scenarios, as section "scenarios". */
void html_scenarios(FILE *file, const struct table *table);
/** The machine, server and command of each run, and what was skipped and why, as section "runs". */
void html_runs(FILE *file, const struct results *results);

#endif
