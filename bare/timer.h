/* SPDX-License-Identifier: BSD-2-Clause */
/* The Generic Timer: two timers and their counters. */
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include <stdbool.h>
#include <stdint.h>

enum timer {
    TIMER_VIRTUAL,
    TIMER_PHYSICAL,
};

enum {
    TIMER_CTL_ENABLE = 1u << 0,
    TIMER_CTL_MASKED = 1u << 1,
    TIMER_CTL_FIRED = 1u << 2,
};

uint64_t timer_frequency(void);
uint64_t timer_milliseconds(uint64_t count); /* in ticks */
/* The timer's own counter: the two may differ by an offset. */
uint64_t timer_now(enum timer timer);

/* Fires when the counter reaches `deadline`, which may be now or past. */
void timer_arm(enum timer timer, uint64_t deadline);
void timer_stop(enum timer timer);
uint64_t timer_control(enum timer timer);
uint64_t timer_deadline(enum timer timer);
/* 0 if the device tree does not name it. */
unsigned timer_intid(enum timer timer);

/* Ends the calling core's WFE at least several thousand times a second. */
void timer_event_stream(void);

/* Waits for this timer's interrupt at `deadline`, or for another interrupt, and stops the timer. */
void timer_sleep(enum timer timer, uint64_t deadline);

#endif
