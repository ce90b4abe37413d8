/* SPDX-License-Identifier: BSD-2-Clause */
/** A call from the event loop after some time. Main thread only, but for delay_set(). */
#ifndef DORMOUSE_CORE_DELAY_H
#define DORMOUSE_CORE_DELAY_H

#include <stdint.h>

struct loop;
struct loop_source;

/** All zero: closed. */
struct delay {
    int fd;
    struct loop_source *source;
    void (*passed)(void *arg);
    void *arg;
};

/**
 * Opens a delay, which is not set yet. `passed` is called each time that it has passed. 0 or
 * -errno.
 */
int delay_open(struct delay *delay, struct loop *loop, void (*passed)(void *arg), void *arg);
/** A closed one is ignored, here and by delay_set(). */
void delay_close(struct delay *delay);

/**
 * Calls `passed` once after so many nanoseconds, instead of a call that is still to come; 0: never.
 * Any thread, while no other opens, closes or sets the delay.
 */
void delay_set(struct delay *delay, int64_t nanoseconds);

#endif
