/* SPDX-License-Identifier: BSD-2-Clause */
/* What the device tree reader of bare/ needs around it, on the build machine. */
#ifndef GUEST_RIG_H
#define GUEST_RIG_H

#include <stddef.h>

/* Forgets all that was read. */
void guest_rig_reset(void);

/*
 * Reads a tree whose last byte is followed by nothing: reading on is a segmentation fault. Its
 * header is made to claim `size` bytes, which are at least 40. Returns what platform_read() does.
 * The copy stays until the next one is read.
 */
int guest_rig_read(const void *blob, size_t size);

#endif
