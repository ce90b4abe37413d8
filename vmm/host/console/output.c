/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/report.h"
#include "core/loop.h"

static bool output_is_log(const struct output *output)
{
    return output->log.fd >= 0;
}

/* The bytes that a regular file loses are counted, because it may have room again later. */
static bool output_is_countable(const struct output *output)
{
    return output_is_log(output) && output->log.is_file;
}

/* With the lock held: drops the ring, and what comes from now on. */
static void output_drop_ring(struct output *output)
{
    output->dropping = true;
    output->missing += output_is_countable(output) ? output->ring.count : 0;
    output->ring.count = 0;
    if (output->source != NULL) {
        loop_watch(output->source, 0);
    }
}

/* With the lock held: as line_write(), up to the file's limit. */
static ssize_t output_write(struct output *output, const uint8_t *bytes, size_t count)
{
    if (!output_is_log(output)) {
        return line_write(&output->line, bytes, count);
    }
    if (output->left == 0) {
        output->call(output->arg);
        return -EAGAIN;
    }
    count = count < output->left ? count : (size_t)output->left;
    ssize_t written = line_write(&output->line, bytes, count);
    if (written > 0) {
        output->left -= (uint64_t)written;
    }
    return written;
}

/* With the lock held: writes as much of the ring as the line takes. 0 or -errno. */
static int output_drain(struct output *output)
{
    while (output->ring.count > 0) {
        size_t count;
        const uint8_t *bytes = ring_front(&output->ring, &count);
        ssize_t written = output_write(output, bytes, count);

        if (written < 0) {
            return written == -EAGAIN ? 0 : (int)written;
        }
        ring_drop(&output->ring, (size_t)written);
    }
    return 0;
}

/* With the lock held, while dropping: a file may have room again. Returns whether it took the byte. */
static bool output_retry(struct output *output, uint8_t byte)
{
    if (output_is_countable(output) && output_write(output, &byte, 1) == 1) {
        output->dropping = false;
        return true;
    }
    output->missing++;
    return false;
}

/* With the lock held: 1 taken, 0 refused, or -errno. */
static int output_take(struct output *output, uint8_t byte)
{
    if (output->ring.count == 0) {
        ssize_t written = output_write(output, &byte, 1);

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
 * Without the lock: the line gave `error`. No receiver waits for it: bytes are refused while
 * the ring is full, and then output_on_ready() gets the error.
 */
static void output_fail(struct output *output, int error)
{
    pthread_mutex_lock(&output->lock);
    bool first = !output->dropping;
    bool countable = output_is_countable(output);
    output_drop_ring(output);
    pthread_mutex_unlock(&output->lock);

    if (first && !output->is_pty) {
        report("console: cannot write to %s: %s; guest output is dropped %s", output->name,
               strerror(-error), countable ? "until there is room" : "from here on");
    }
}

static void output_report_missing(const struct output *output, uint64_t missing)
{
    if (missing > 0) {
        report("console: writing to %s again; bytes of guest output that are missing: %llu",
               output->name, (unsigned long long)missing);
    }
}

bool output_put(struct output *output, uint8_t byte)
{
    uint64_t missing = 0;
    int taken = 1;

    pthread_mutex_lock(&output->lock);
    if (!output->dropping) {
        taken = output_take(output, byte);
        output->missing += taken < 0 ? 1 : 0;
    } else if (output_retry(output, byte)) {
        missing = output->missing;
        output->missing = 0;
    }
    pthread_mutex_unlock(&output->lock);

    output_report_missing(output, missing);
    if (taken < 0) {
        output_fail(output, taken);
    }
    return taken != 0;
}

/* --- Files. --- */

/* With the lock held, or before other threads run: how much the file may take. 0 or -errno. */
static int output_check_limit(struct output *output)
{
    struct stat status;

    output->line = line_use(output->log.fd);
    output->left = UINT64_MAX;
    if (output->log.max == 0 || !output->log.is_file) {
        return 0;
    }
    if (fstat(output->log.fd, &status) != 0) {
        return -errno;
    }
    uint64_t size = (uint64_t)status.st_size;
    output->left = size < output->log.max ? output->log.max - size : 0;
    return 0;
}

int output_open_log(struct output *output, const char *spec)
{
    int error = logfile_open(&output->log, spec);

    output->name = output->log.path;
    return error != 0 ? error : output_check_limit(output);
}

/* With the lock held: writes the ring, continuing in a fresh file if this one is full. 0 or -errno. */
static int output_continue_log(struct output *output)
{
    int error = 0;

    if (output_is_log(output) && output->left == 0) {
        error = logfile_make_room(&output->log, 1);
        error = error != 0 ? error : output_check_limit(output);
    }
    return error != 0 ? error : output_drain(output);
}

void output_work(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    int error = output_is_log(output) ? output_continue_log(output) : 0;
    pthread_mutex_unlock(&output->lock);

    if (error != 0) {
        output_fail(output, error);
    }
    output->settle(output->arg);
}

/* With the lock held: the old file stays in use if the new one cannot be opened. 0 or -errno. */
static int output_exchange_log(struct output *output, struct loop *loop)
{
    output_unwatch(output);
    int error = logfile_reopen(&output->log);
    if (error == 0) {
        error = output_check_limit(output);
        output->dropping = false;
    }
    int watched = output_watch(output, loop);
    return error != 0 ? error : watched;
}

bool output_reopen(struct output *output, struct loop *loop)
{
    if (!output_is_log(output)) {
        return true;
    }
    pthread_mutex_lock(&output->lock);
    int error = output_exchange_log(output, loop);
    uint64_t missing = error == 0 ? output->missing : 0;
    output->missing -= missing;
    int drained = output_drain(output);
    if (output->source != NULL && output->ring.count > 0) {
        loop_watch(output->source, EPOLLOUT);
    }
    pthread_mutex_unlock(&output->lock);

    output_report_missing(output, missing);
    if (error != 0) {
        report("console: cannot reopen %s: %s; the old file stays in use", output->name,
               strerror(-error));
    }
    if (drained != 0) {
        output_fail(output, drained);
    }
    output->settle(output->arg);
    return error == 0;
}

bool output_owes(struct output *output)
{
    pthread_mutex_lock(&output->lock);
    /* Half a ring: neither side should wake the other for a few bytes. */
    bool owes = output->refused && output->ring.count <= RING_SIZE / 2;
    output->refused = output->refused && !owes;
    pthread_mutex_unlock(&output->lock);
    return owes;
}

static void output_on_ready(void *arg, uint32_t events)
{
    struct output *output = arg;
    int error = 0;

    pthread_mutex_lock(&output->lock);
    if (output->is_pty && (events & EPOLLHUP) != 0) {
        error = -EIO; /* Otherwise the kernel would buffer output that no program reads. */
    } else if (!output->dropping) {
        error = output_drain(output);
    }
    if (output->ring.count == 0) {
        loop_watch(output->source, 0);
    }
    pthread_mutex_unlock(&output->lock);

    if (error != 0) {
        output_fail(output, error);
    }
    output->settle(output->arg);
}

int output_watch(struct output *output, struct loop *loop)
{
    if (output->line.fd < 0) {
        return 0;
    }
    output->source = loop_add(loop, output->line.fd, 0, output_on_ready, output);
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
    output_drop_ring(output);
    pthread_mutex_unlock(&output->lock);
    output->settle(output->arg);
}

/* Waits for room until `deadline`. */
static bool output_wait(const struct output *output, int64_t deadline)
{
    struct pollfd poll_fd = {.fd = output->line.fd, .events = POLLOUT};
    int64_t left = deadline - clock_now_ms();

    return left > 0 && poll(&poll_fd, 1, (int)left) == 1 && poll_fd.revents == POLLOUT;
}

/* The guest's last output may be what the operator needs, but a slow line gets a second only. */
void output_flush(struct output *output)
{
    enum { FLUSH_MS = 1000 };
    int64_t deadline = clock_now_ms() + FLUSH_MS;

    pthread_mutex_lock(&output->lock);
    while (output->ring.count > 0) {
        if (output_continue_log(output) != 0 || !output_wait(output, deadline)) {
            break;
        }
    }
    pthread_mutex_unlock(&output->lock);
}
