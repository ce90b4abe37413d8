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
 * Whether the calling core has them, and may use them: makes vectors as long as they can be. To be
 * called again by a core that was reset, before anything of the below.
 */
bool sve_prepare(void);
/* The length of a vector in bytes: 16 to 256. */
uint64_t sve_length(void);

/* Gives every register, and the same bytes in `state`, values of their own. */
void sve_fill(struct sve_state *state, uint64_t seed);
/* The same, of what the core holds now. */
void sve_read(struct sve_state *state);
/* The kind of the first register that differs, or NULL. */
const char *sve_difference(const struct sve_state *before, const struct sve_state *after);

void sve_load(const struct sve_state *state);
void sve_store(struct sve_state *state);

#endif
