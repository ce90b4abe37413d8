/* SPDX-License-Identifier: BSD-2-Clause */
/** Runs as JUnit XML, for continuous integration: each run is a suite. */
#ifndef TOOL_JUNIT_H
#define TOOL_JUNIT_H

#include <stdio.h>

#include "results.h"

void junit_write(FILE *file, const struct results *results);

#endif
