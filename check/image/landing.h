/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the image has calls enter: see landing.S. */
#ifndef IMAGE_LANDING_H
#define IMAGE_LANDING_H

/* What `struct machine` promises of `entry`. */
#define LANDING_SIZE 2048

#ifndef __ASSEMBLER__
#include <stdint.h>

extern uint8_t landing[];
#endif

#endif
