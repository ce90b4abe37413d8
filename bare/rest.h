/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting without polling: a core that polls uses a processor of the host, and an emulated machine
 * has few. A core rests in WFI until one of its timers fires that nothing else uses. It needs its
 * GIC for that, and sets it up if necessary. A core with interrupts unmasked, or with both timers
 * in use, polls instead.
 */
#ifndef GUEST_REST_H
#define GUEST_REST_H

#include <stdint.h>

/* Sleeps for at most so many ticks of the virtual counter. A pending interrupt ends the sleep. */
void rest_ticks(uint64_t ticks);
/* Called between two checks for something that has not happened for `waited` ticks. At first it
 * returns at once; later it sleeps longer and longer, so that the event is seen at most a
 * quarter later. */
void rest_after(uint64_t waited);
void rest_milliseconds(uint64_t milliseconds);

#endif
