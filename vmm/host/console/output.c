/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/report.h"
#include "core/loop.h"

/* With the lock held: the ring's contents go nowhere from now on. */
static void drop(struct output *output)
{
    output->dropping = true;
    output->ring.count = 0;
    if (output->source != NULL) {
        loop_watch(output->source, 0);
    }
}

/* With the lock held: writes what the line takes of the ring. 0 or -errno. */
static int drain(struct output *output)
{
    while (output->ring.count > 0) {
        size_t count;
        const uint8_t *bytes = ring_front(&output->ring, &count);
        ssize_t written = line_write(&output->line, bytes, count);

        if (written < 0) {
            return written == -EAGAIN ? 0 : (int)written;
        }
        ring_drop(&output->ring, (size_t)written);
    }
    return 0;
}

/* With the lock held: 1 taken, 0 refused, or -errno. */
static int take(struct output *output, uint8_t byte)
{
    if (output->dropping) {
        return 1;
    }
    if (output->ring.count == 0) {
        ssize_t written = line_write(&output->line, &byte, 1);

        if (written != -EAGAIN) {
            return written < 0 ? (int)written : 1;
        }
        if (output->source != NULL) {
            loop_watch(output->source, EPOLLOUT);
        }
    }
    if (ring_space(&output->ring) == 0) {
        output->refused = true;
        return 0;
    }
    ring_push(&output->ring, byte);
    return 1;
}

/*
 * Without the lock: the line gave `error`. Nobody is owed anything for it: bytes are refused while
 * the ring is full, and then it is on_ready() that meets the error.
 */
static void fail(struct output *output, int error)
{
    pthread_mutex_lock(&output->lock);
    bool first = !output->dropping;
    drop(output);
    pthread_mutex_unlock(&output->lock);

    if (first && !output->is_pty) {
        report("console: cannot write to %s: %s; guest output is dropped from here on",
               output->name, strerror(-error));
    }
}

bool output_put(struct output *output, uint8_t byte)
{
    pthread_mutex_lock(&output->lock);
    int taken = take(output, byte);
    pthread_mutex_unlock(&output->lock);

    if (taken < 0) {
        fail(output, taken);
    }
    return taken != 0;
}

bool output_owes(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    /* Half a ring: neither side should wake the other for each few bytes. */
    bool owes = output->refused && output->ring.count <= RING_SIZE / 2;
    output->refused = output->refused && !owes;
    pthread_mutex_unlock(&output->lock);
    return owes;
}

static void on_ready(void *arg, uint32_t events)
{
    struct output *output = arg;
    int error = 0;

    pthread_mutex_lock(&output->lock);
    if (output->is_pty && (events & EPOLLHUP) != 0) {
        error = -EIO; /* The kernel would go on to buffer what nobody reads. */
    } else if (!output->dropping) {
        error = drain(output);
    }
    if (output->ring.count == 0) {
        loop_watch(output->source, 0);
    }
    pthread_mutex_unlock(&output->lock);

    if (error != 0) {
        fail(output, error);
    }
    output->settle(output->arg);
}

int output_watch(struct output *output, struct loop *loop)
{
    if (output->line.fd < 0) {
        return 0;
    }
    output->source = loop_add(loop, output->line.fd, 0, on_ready, output);
    return output->source != NULL || errno == EPERM ? 0 : -errno;
}

void output_unwatch(struct output *output)
{
    loop_remove(output->source);
    output->source = NULL;
}

void output_present(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    output->dropping = false;
    pthread_mutex_unlock(&output->lock);
}

void output_absent(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    drop(output);
    pthread_mutex_unlock(&output->lock);
    output->settle(output->arg);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Waits for room until `deadline`. */
static bool wait_writable(const struct output *output, int64_t deadline)
{
    struct pollfd poll_fd = {.fd = output->line.fd, .events = POLLOUT};
    int64_t left = deadline - now_ms();

    return left > 0 && poll(&poll_fd, 1, (int)left) == 1 && poll_fd.revents == POLLOUT;
}

/* The guest's last words: they may be what the operator is waiting for, but not for ever. */
void output_flush(struct output *output)
{
    enum { FLUSH_MS = 1000 };
    int64_t deadline = now_ms() + FLUSH_MS;

    pthread_mutex_lock(&output->lock);
    while (output->ring.count > 0) {
        if (drain(output) != 0 || !wait_writable(output, deadline)) {
            break;
        }
    }
    pthread_mutex_unlock(&output->lock);
}
