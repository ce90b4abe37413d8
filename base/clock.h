/* SPDX-License-Identifier: BSD-2-Clause */
/** The clock that no step of the date moves: CLOCK_MONOTONIC, which stands still while the host sleeps. Any thread. */
#ifndef DORMOUSE_BASE_CLOCK_H
#define DORMOUSE_BASE_CLOCK_H

#include <stdint.h>

/** Nanoseconds and milliseconds since some moment in the past. */
int64_t clock_now_ns(void);
int64_t clock_now_ms(void);

#endif
