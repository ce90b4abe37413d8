/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory contents that are easy to recognise. */
#ifndef GUEST_PATTERN_H
#define GUEST_PATTERN_H

#include <stdint.h>

#include "platform.h"

/* Sets every 64-bit word to a number made of its address and `seed`. */
void pattern_fill(struct region region, uint64_t seed);
/* Returns the address of the first word that differs, or 0. */
uint64_t pattern_find_damage(struct region region, uint64_t seed);
/* Returns the address of the first word that is not zero, or 0. */
uint64_t pattern_find_nonzero(struct region region);

/* Returns the next number of a pseudo-random sequence; a state of 0 stays 0. */
uint64_t pattern_random(uint64_t *state);

#endif
