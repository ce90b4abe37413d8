/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry points by the hundred. Scenarios give calls different ones, to see which of them was taken;
 * each leads to the one that the runtime has, with its own address, and four, in x30, of which
 * nothing is promised at an entry.
 */
#ifndef IMAGE_LANDING_H
#define IMAGE_LANDING_H

#include <stdint.h>

/* As many bytes as `struct machine` promises of `entry`. */
enum { LANDING_SIZE = 4096 };

/* Once, before any core may enter. Returns the first. */
uint64_t landing_prepare(void);

#endif
