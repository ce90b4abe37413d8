/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hundreds of entry points. Scenarios pass different ones to their calls, to see which was used.
 * Each branches to the runtime's entry point with its own address plus four in x30, a register
 * whose value at an entry is not defined.
 */
#ifndef IMAGE_LANDING_H
#define IMAGE_LANDING_H

#include <stdint.h>

/* The number of bytes that `struct machine` promises at `entry`. */
enum { LANDING_SIZE = 4096 };

/* Called once, before any core may enter. Returns the first entry point. */
uint64_t landing_prepare(void);

#endif
