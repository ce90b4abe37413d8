/* SPDX-License-Identifier: BSD-2-Clause */
#include "drive.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <time.h>

#include <cmocka.h>

#include "core/loop.h"

enum { ROUND_MAX = 20000, LIMIT_SECONDS = 20 };

static struct {
    struct loop *loop; /* NULL: waits are real */
    bool (*condition)(void *arg);
    void *arg;
    unsigned rounds;
    time_t deadline;
    bool gave_up;
    int error; /* of the next wait */
} drive;

int __real_epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout);

static time_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static int stop(void)
{
    loop_stop(drive.loop);
    return 0;
}

static int wait_for_condition(int epoll_fd, struct epoll_event *events, int max)
{
    if (drive.condition(drive.arg)) {
        return stop();
    }
    /* A condition that another thread makes true does not wake this one, so it is polled. */
    int count = __real_epoll_wait(epoll_fd, events, max, 1);
    if (count == 0 && now() > drive.deadline) {
        drive.gave_up = true;
        return stop();
    }
    return count;
}

int __wrap_epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout)
{
    if (drive.error != 0) {
        errno = drive.error;
        drive.error = 0;
        return -1;
    }
    if (drive.loop == NULL) {
        return __real_epoll_wait(epoll_fd, events, max, timeout);
    }
    if (drive.condition != NULL) {
        return wait_for_condition(epoll_fd, events, max);
    }
    if (++drive.rounds > ROUND_MAX) {
        drive.gave_up = true;
        return stop();
    }
    int count = __real_epoll_wait(epoll_fd, events, max, 0);
    return count == 0 ? stop() : count;
}

void drive_until(struct loop *loop, bool (*condition)(void *arg), void *arg)
{
    drive.loop = loop;
    drive.condition = condition;
    drive.arg = arg;
    drive.rounds = 0;
    drive.deadline = now() + LIMIT_SECONDS;
    drive.gave_up = false;
    int result = loop_run(loop);
    drive.loop = NULL;
    assert_int_equal(result, 0);
    if (drive.gave_up) {
        fail_msg("%s", condition == NULL ? "the loop spins" : "the condition does not come true");
    }
}

void drive_until_idle(struct loop *loop)
{
    drive_until(loop, NULL, NULL);
}

void drive_fail_wait(int error)
{
    drive.error = error;
}
