/* SPDX-License-Identifier: BSD-2-Clause */
/** A run as a TAP 14 document that has all there is to know of it: tap_read() makes the same run of
 * it. */
#ifndef TOOL_TAP_WRITE_H
#define TOOL_TAP_WRITE_H

#include <stdio.h>

#include "results.h"

void tap_write(FILE *file, const struct run *run);

#endif
