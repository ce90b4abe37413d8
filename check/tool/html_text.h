/* SPDX-License-Identifier: BSD-2-Clause */
/** Text and markup that all parts of the page write; internal to html*.c. */
#ifndef TOOL_HTML_TEXT_H
#define TOOL_HTML_TEXT_H

#include <stdio.h>

#include "results.h"

/** Writes markup; each "%s" is clean text, which is escaped. */
void html_put(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Writes a name such as "cpu-on-starts" with places where the line may break. */
void html_name(FILE *file, const char *name);

/** Begins a <div> that scrolls by itself, as a region with that name, because a table may be
 * wider than the text. */
void html_frame(FILE *file, const struct results *results, const char *label);

#endif
