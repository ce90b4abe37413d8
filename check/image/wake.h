/* SPDX-License-Identifier: BSD-2-Clause */
/* What wakes cores: an interrupt that one sends to another, a core's own timer, events. Interrupts
 * are never taken, only pending. */
#ifndef IMAGE_WAKE_H
#define IMAGE_WAKE_H

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

#endif
