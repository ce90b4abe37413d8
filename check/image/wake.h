/* SPDX-License-Identifier: BSD-2-Clause */
/* What wakes cores: an interrupt that one sends to another, a core's own timer, events. Interrupts
 * are never taken, only pending. */
#ifndef IMAGE_WAKE_H
#define IMAGE_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bare/smp.h"

/* For the calling core, which may have been reset: its interrupts can wake it. */
void wake_enable(void);
/* Nothing is pending at the calling core any more, and its timer is off. */
void wake_quiet(void);
/* An interrupt becomes pending at a core, which may be the caller. */
void wake_send(const struct cpu *cpu);

/* A short rest, until wake_others() at the latest. */
void wake_pause(void);
void wake_others(void);
/* Sleeps until an interrupt is pending at the calling core, or for that long. Uses its virtual
 * timer. */
void wake_sleep(uint64_t microseconds);

/*
 * A ring tells a core that sleeps in wake_sleep() that there is something to do. It is an interrupt
 * of its own, which no call may find pending: each wake_ring() is followed by one
 * wake_answer_ring() on the core that was rung.
 */
bool wake_can_ring(const struct cpu *cpu);
void wake_ring(const struct cpu *cpu);
/* Waits for the ring, which is on its way, and withdraws it. */
void wake_answer_ring(void);

#endif
