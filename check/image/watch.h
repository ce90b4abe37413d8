/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sees what becomes of cores: the script has a core make a call, and watches until nothing more can
 * be expected. Nothing announces that, so some waits end by time: a core that must appear is given
 * seconds, a core that may be off or asleep a tenth of a second.
 */
#ifndef IMAGE_WATCH_H
#define IMAGE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../scenarios/engine/scenario.h"

/* Called once, with the machine as the scenarios see it. */
void watch_prepare(const struct machine *machine);

/*
 * Returns whether, since the last call, a core that was given up appeared by itself. Then the
 * result is not reliable, and the scenario needs more patience: so many times the usual.
 */
bool watch_was_hasty(void);
void watch_patiently(uint32_t times);

/* The operations of the view, on cores. */
void watch_call(uint32_t cpu, const struct guest_call *call, struct event *event);
void watch_begin(uint32_t cpu, const struct guest_call *call, struct event *event);
void watch_await(uint32_t cpu, struct event *event);
void watch_together(struct team_call *calls, uint32_t count);
void watch_interrupt(uint32_t cpu);
void watch_interrupt_soon(uint32_t cpu);
uint64_t watch_microseconds(void);
void watch_pass(uint64_t microseconds);

#endif
