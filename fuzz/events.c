/* SPDX-License-Identifier: BSD-2-Clause */
#include "events.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Numbers that no descriptor of the kernel has. */
enum { FIRST = 1 << 24, COUNT_MAX = 64, ROUNDS = 2 };

struct counter {
    bool open;
    bool watched;
    bool changed; /* an edge that was not reported yet */
    uint64_t count;
    struct epoll_event event;
};

int __wrap_eventfd(unsigned count, int flags);
int __wrap_eventfd_write(int fd, eventfd_t value);
int __wrap_eventfd_read(int fd, eventfd_t *value);
int __wrap_epoll_ctl(int set, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_wait(int set, struct epoll_event *events, int room, int timeout);
int __wrap_close(int fd);
int __real_epoll_ctl(int set, int operation, int fd, struct epoll_event *event);
int __real_epoll_wait(int set, struct epoll_event *events, int room, int timeout);
int __real_close(int fd);

static struct {
    struct loop *loop;
    unsigned rounds; /* that are left */
    unsigned open;
    unsigned others; /* descriptors of the kernel that its set watches */
    unsigned end;    /* no counter from here on was ever open */
    struct counter counters[COUNT_MAX];
} all;

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

/* NULL: the kernel's. A counter that is used after its end is a bug of the device. */
static struct counter *find(int fd)
{
    if (fd < FIRST) {
        return NULL;
    }
    check(fd < FIRST + COUNT_MAX && all.counters[fd - FIRST].open);
    return &all.counters[fd - FIRST];
}

int __wrap_eventfd(unsigned count, int flags)
{
    unsigned i = 0;

    check((flags & EFD_NONBLOCK) != 0 && (flags & EFD_SEMAPHORE) == 0);
    while (i < COUNT_MAX && all.counters[i].open) {
        i++;
    }
    check(i < COUNT_MAX);
    all.counters[i] = (struct counter){.open = true, .count = count};
    all.open++;
    all.end = i < all.end ? all.end : i + 1;
    return FIRST + (int)i;
}

int __wrap_eventfd_write(int fd, eventfd_t value)
{
    struct counter *counter = find(fd);

    check(counter != NULL);
    counter->count += value;
    counter->changed = true;
    return 0;
}

int __wrap_eventfd_read(int fd, eventfd_t *value)
{
    struct counter *counter = find(fd);

    check(counter != NULL);
    if (counter->count == 0) {
        errno = EAGAIN;
        return -1;
    }
    *value = counter->count;
    counter->count = 0;
    return 0;
}

int __wrap_close(int fd)
{
    struct counter *counter = find(fd);

    if (counter == NULL) {
        return __real_close(fd);
    }
    counter->open = false;
    all.open--;
    return 0;
}

int __wrap_epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    struct counter *counter = find(fd);

    if (counter == NULL) {
        all.others += operation == EPOLL_CTL_ADD ? 1u : 0u;
        all.others -= operation == EPOLL_CTL_DEL ? 1u : 0u;
        return __real_epoll_ctl(set, operation, fd, event);
    }
    check(counter->watched == (operation != EPOLL_CTL_ADD));
    counter->watched = operation != EPOLL_CTL_DEL;
    if (counter->watched) {
        counter->event = *event;
        counter->changed = counter->count > 0;
    }
    return 0;
}

static bool is_ready(const struct counter *counter)
{
    bool edge = (counter->event.events & EPOLLET) != 0;

    return counter->open && counter->watched && (counter->event.events & EPOLLIN) != 0 &&
           counter->count > 0 && (!edge || counter->changed);
}

/* Counters come before the kernel's descriptors, each in a fixed order: an input does the same each time. */
static int take_counters(struct epoll_event *events, int room)
{
    int count = 0;

    for (unsigned i = 0; i < all.end && count < room; i++) {
        struct counter *counter = &all.counters[i];

        if (is_ready(counter)) {
            counter->changed = false;
            events[count] = counter->event;
            events[count++].events = EPOLLIN;
        }
    }
    return count;
}

int __wrap_epoll_wait(int set, struct epoll_event *events, int room, int timeout)
{
    int count = 0;

    check(timeout == -1);
    if (all.rounds > 0) {
        all.rounds--;
        count = take_counters(events, room);
        if (count < room && all.others > 0) {
            int more = __real_epoll_wait(set, events + count, room - count, 0);

            count += more > 0 ? more : 0;
        }
    }
    if (count == 0) {
        loop_stop(all.loop);
    }
    return count;
}

void events_run_loop(struct loop *loop)
{
    all.loop = loop;
    all.rounds = ROUNDS;
    check(loop_run(loop) == 0);
}

unsigned events_open_count(void)
{
    return all.open;
}
