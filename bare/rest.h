/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting without work: a core that polls costs a processor of the host, and an emulated machine has few.
 * A core rests in WFI, until a timer of its own that nothing else uses fires. It needs its GIC for that, and
 * sets it up if it has not been. A core with interrupts unmasked, or both timers in use, polls instead.
 */
#ifndef GUEST_REST_H
#define GUEST_REST_H

#include <stdint.h>

/* Sleeps for at most so many ticks of the virtual counter; any interrupt that is pending ends it. */
void rest_ticks(uint64_t ticks);
/* Between two looks at something that has not happened for `waited` ticks. What comes soon is polled for; what
 * comes later is looked for less and less often, so that it is seen at most a quarter later. */
void rest_after(uint64_t waited);
void rest_milliseconds(uint64_t milliseconds);

#endif
