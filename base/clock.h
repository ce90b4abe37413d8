/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * CLOCK_MONOTONIC: steps of the date do not move it, and it stops while the host sleeps. Any
 * thread.
 */
#ifndef DORMOUSE_BASE_CLOCK_H
#define DORMOUSE_BASE_CLOCK_H

#include <stdint.h>

/** Nanoseconds and milliseconds since some moment in the past. */
int64_t clock_now_ns(void);
int64_t clock_now_ms(void);

/** The date: nanoseconds since 1970, which may be set forward or back at any time. */
int64_t clock_date_ns(void);

#endif
