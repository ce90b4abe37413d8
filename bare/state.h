/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a core besides its general registers, to check that a refused call has not changed
 * it: FP and SIMD registers, system registers, the timers, the pending and enabled interrupts.
 */
#ifndef GUEST_STATE_H
#define GUEST_STATE_H

#include <stdint.h>

/* Laid out for fp_load() and fp_store(). */
struct fp_state {
    uint64_t v[64] __attribute__((aligned(16))); /* v0-v31, two words each */
    uint64_t fpcr;
    uint64_t fpsr;
};

enum { STATE_SYSTEM_MAX = 48 };

struct core_state {
    struct fp_state fp;
    uint64_t system[STATE_SYSTEM_MAX];
};

/* Sets every FP register to a different value. */
void state_fill_fp(uint64_t seed);

void state_read(struct core_state *state);
/* The same without what changes by itself: the interrupts, and the timers, which some
 * hypervisors mask when they fire. */
void state_read_core(struct core_state *state);
/* Returns the name of the first difference, or NULL. */
const char *state_difference(const struct core_state *before, const struct core_state *after);

void fp_load(const struct fp_state *state);
void fp_store(struct fp_state *state);

#endif
