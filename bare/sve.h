/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of the Scalable Vector Extension, whose lower parts the SIMD registers are. As much
 * of a core's state as struct core_state, but 9 KiB, and not in every core.
 */
#ifndef GUEST_SVE_H
#define GUEST_SVE_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

struct sve_state {
    uint8_t z[SVE_Z_COUNT * SVE_BYTES_MAX] __attribute__((aligned(16)));
    uint8_t p[SVE_P_COUNT * SVE_BYTES_MAX / 8];
    uint8_t ffr[SVE_BYTES_MAX / 8];
};

/*
 * Returns whether the calling core has these registers and may use them, and makes vectors as long
 * as possible. A core that was reset must call it again before the functions below.
 */
bool sve_prepare(void);
/* The length of a vector in bytes: 16 to 256. */
uint64_t sve_length(void);

/* Sets every register, and the same bytes in `state`, to different values. */
void sve_fill(struct sve_state *state, uint64_t seed);
/* Reads the core's registers. */
void sve_read(struct sve_state *state);
/* Returns the kind of the first register that differs, or NULL. */
const char *sve_difference(const struct sve_state *before, const struct sve_state *after);

void sve_load(const struct sve_state *state);
void sve_store(struct sve_state *state);

#endif
