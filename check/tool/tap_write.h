/* SPDX-License-Identifier: BSD-2-Clause */
/** Writes a run as a TAP 14 document, from which tap_read() makes the same run. */
#ifndef TOOL_TAP_WRITE_H
#define TOOL_TAP_WRITE_H

#include <stdio.h>

#include "results.h"

void tap_write(FILE *file, const struct run *run);

#endif
