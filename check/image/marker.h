/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the image leaves in memory for its own next boot, in case nothing on the serial line
 * remembers it: the answer that would have come from there. It survives a reset that keeps memory.
 */
#ifndef IMAGE_MARKER_H
#define IMAGE_MARKER_H

#include <stdbool.h>
#include <stdint.h>

#include "../protocol.h"

void marker_leave(uint32_t number, enum protocol_how how, const char *kept);
/* Returns the answer that was left, or NULL. Works once. */
const char *marker_take(void);

#endif
