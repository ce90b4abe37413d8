/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory contents that can be told from any others. */
#ifndef GUEST_PATTERN_H
#define GUEST_PATTERN_H

#include <stdint.h>

#include "platform.h"

/* Every 64-bit word of it gets a number made of its address and `seed`. */
void pattern_fill(struct region region, uint64_t seed);
/* The address of the first word that is another, or 0. */
uint64_t pattern_find_damage(struct region region, uint64_t seed);
/* The address of the first word that is not zero, or 0. */
uint64_t pattern_find_nonzero(struct region region);

/* The next number of a sequence that looks random; a state of 0 stays there. */
uint64_t pattern_random(uint64_t *state);

#endif
