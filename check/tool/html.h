/* SPDX-License-Identifier: BSD-2-Clause */
/** Runs as one HTML page that needs nothing else: no network, no script. */
#ifndef TOOL_HTML_H
#define TOOL_HTML_H

#include <stdio.h>

#include "results.h"

void html_write(FILE *file, const struct results *results);

#endif
