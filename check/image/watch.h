/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeing what becomes of cores: the script has one make a call, and watches until nothing more can
 * be expected to happen. Nobody says that nothing will, so that some of it is a matter of time: a
 * core that is bound to be seen is given seconds, one that may well be off or asleep a tenth of
 * one.
 */
#ifndef IMAGE_WATCH_H
#define IMAGE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../scenarios/engine/scenario.h"

/* Once: the machine as the scenarios know it. */
void watch_prepare(const struct machine *machine);

/*
 * Whether, since this was last asked, a core was given up that has come after all, by itself: then
 * what was made of that is not to be believed, and wants more patience, so many times what is
 * usual.
 */
bool watch_was_hasty(void);
void watch_patiently(uint32_t times);

/* The view's operations, on cores. */
void watch_call(uint32_t cpu, const struct guest_call *call, struct event *event);
void watch_begin(uint32_t cpu, const struct guest_call *call, struct event *event);
void watch_await(uint32_t cpu, struct event *event);
void watch_together(struct team_call *calls, uint32_t count);
void watch_interrupt(uint32_t cpu);
void watch_interrupt_soon(uint32_t cpu);
uint64_t watch_microseconds(void);
void watch_pass(uint64_t microseconds);

#endif
