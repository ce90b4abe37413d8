/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the image leaves in memory for its own next boot, in case nobody is at the serial line to
 * remember it: an answer as it would have come from there. A reset that keeps memory keeps it.
 */
#ifndef IMAGE_MARKER_H
#define IMAGE_MARKER_H

#include <stdbool.h>
#include <stdint.h>

#include "../protocol.h"

void marker_leave(uint32_t number, enum protocol_how how, const char *kept);
/* The answer that was left, or NULL; it is there once. */
const char *marker_take(void);

#endif
