/* SPDX-License-Identifier: BSD-2-Clause */
/** A call from the event loop after some time. Main thread only. */
#ifndef DORMOUSE_CORE_DELAY_H
#define DORMOUSE_CORE_DELAY_H

#include <stdint.h>

struct loop;
struct loop_source;

/* All zero: closed. */
struct delay {
    int fd;
    struct loop_source *source;
    void (*passed)(void *arg);
    void *arg;
};

/* Not set yet. Calls `passed` each time that the delay has passed. 0 or -errno. */
int delay_open(struct delay *delay, struct loop *loop, void (*passed)(void *arg), void *arg);
/* A closed one is ignored, here and by delay_set(). */
void delay_close(struct delay *delay);

/* One call after so many nanoseconds, in place of one that is still to come; 0: none. */
void delay_set(struct delay *delay, int64_t nanoseconds);

#endif
