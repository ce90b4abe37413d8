/* SPDX-License-Identifier: BSD-2-Clause */
/* What wakes cores: an interrupt from another core, a core's own timer, events. Interrupts
 * become pending and are never taken. */
#ifndef IMAGE_WAKE_H
#define IMAGE_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../bare/smp.h"

/* Lets interrupts wake the calling core, which may have been reset. */
void wake_enable(void);
/* Clears all pending interrupts of the calling core, and stops its timer. */
void wake_quiet(void);
/* Makes an interrupt pending at a core, which may be the caller. */
void wake_send(const struct cpu *cpu);

/* Rests for a short time, or until wake_others(). */
void wake_pause(void);
void wake_others(void);
/* Sleeps until an interrupt is pending at the calling core, but at most for that long. Uses its
 * virtual timer. */
void wake_sleep(uint64_t microseconds);

/*
 * A ring tells a core in wake_sleep() that it has an order. It is an interrupt of its own, and no
 * call may find it pending: each wake_ring() is followed by one wake_answer_ring() on the core that
 * was rung.
 */
bool wake_can_ring(const struct cpu *cpu);
void wake_ring(const struct cpu *cpu);
/* Waits for the ring, which is on its way, and withdraws it. */
void wake_answer_ring(void);

#endif
