/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/delay.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/loop.h"

static void on_delay_passed(void *arg, uint32_t events)
{
    struct delay *delay = arg;
    uint64_t expirations;

    (void)events;
    /* If there is nothing to read, another callback of this turn has set the delay again. */
    if (read(delay->fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations)) {
        delay->passed(delay->arg);
    }
}

int delay_open(struct delay *delay, struct loop *loop, void (*passed)(void *arg), void *arg)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

    if (fd < 0) {
        return -errno;
    }
    *delay = (struct delay){.fd = fd, .passed = passed, .arg = arg};
    delay->source = loop_add(loop, fd, EPOLLIN, on_delay_passed, delay);
    if (delay->source == NULL) {
        int error = -errno;
        close(fd);
        return error;
    }
    return 0;
}

void delay_close(struct delay *delay)
{
    if (delay->source != NULL) {
        loop_close(delay->source, delay->fd);
        delay->source = NULL;
    }
}

void delay_set(struct delay *delay, int64_t nanoseconds)
{
    enum { SECOND = 1000000000 };
    const struct itimerspec timer = {
        .it_value = {.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND},
    };

    if (delay->source != NULL) {
        timerfd_settime(delay->fd, 0, &timer, NULL);
    }
}
