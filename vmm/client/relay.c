/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RELAY_ENDED = 1,   /* beside 0 and -errno */
    RELAY_STEP = 4096, /* bytes; a pipe that is ready for writing takes so many without a wait */
    RELAY_QUEUE = 8 * RELAY_STEP,
};

/* Bytes that were read and have not been written yet. */
struct relay_queue {
    char bytes[RELAY_QUEUE];
    size_t first;
    size_t end;
};

/* No direction waits for the other one: a peer may have to write before it reads on. */
struct relay_course {
    const struct relay *relay;
    struct relay_queue to_peer;
    struct relay_queue to_output;
    bool open;  /* there may be more input */
    int broken; /* why the peer takes no more; its own bytes are still read */
};

static bool queue_is_empty(const struct relay_queue *queue)
{
    return queue->first == queue->end;
}

static bool queue_is_full(const struct relay_queue *queue)
{
    return queue->end - queue->first == sizeof(queue->bytes);
}

/* Returns what read() does. There is room. */
static ssize_t queue_read(struct relay_queue *queue, int fd)
{
    if (queue->end == sizeof(queue->bytes)) {
        queue->end -= queue->first;
        memmove(queue->bytes, queue->bytes + queue->first, queue->end);
        queue->first = 0;
    }
    ssize_t count = read(fd, queue->bytes + queue->end, sizeof(queue->bytes) - queue->end);
    if (count > 0) {
        queue->end += (size_t)count;
    }
    return count;
}

/* Writes what can be written now. */
static int queue_write(struct relay_queue *queue, int fd)
{
    size_t length = queue->end - queue->first;
    ssize_t count =
        write(fd, queue->bytes + queue->first, length < RELAY_STEP ? length : RELAY_STEP);

    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    queue->first += (size_t)count;
    if (queue_is_empty(queue)) {
        queue->first = queue->end = 0;
    }
    return 0;
}

/* A pseudo-terminal whose other side is closed gives EIO. */
static int relay_from_peer(struct relay_course *course)
{
    ssize_t count = queue_read(&course->to_output, course->relay->fd);

    if (count > 0) {
        return 0;
    }
    if (count == 0 || errno == EIO || errno == ECONNRESET) {
        return RELAY_ENDED;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static void relay_to_peer(struct relay_course *course)
{
    int error = queue_write(&course->to_peer, course->relay->fd);

    if (error != 0) {
        course->broken = error;
        course->open = false;
        course->to_peer.first = course->to_peer.end = 0;
    }
}

/* As far as the peer takes it now. */
static void relay_flush(struct relay_course *course)
{
    size_t first;

    do {
        first = course->to_peer.first;
        relay_to_peer(course);
    } while (!queue_is_empty(&course->to_peer) && course->to_peer.first > first);
}

/* The end of the input is told behind its last byte. */
static void relay_tell_end(const struct relay_course *course)
{
    if (!course->open && queue_is_empty(&course->to_peer) && course->relay->socket) {
        (void)shutdown(course->relay->fd, SHUT_WR);
    }
}

static int relay_from_input(struct relay_course *course)
{
    struct relay_queue *queue = &course->to_peer;
    ssize_t count = queue_read(queue, STDIN_FILENO);

    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    course->open = count > 0;
    char *start = queue->bytes + queue->end - (size_t)count;
    char *escape =
        course->relay->escape >= 0 ? memchr(start, course->relay->escape, (size_t)count) : NULL;
    if (escape != NULL) {
        queue->end = (size_t)(escape - queue->bytes);
        relay_flush(course);
        return RELAY_ENDED;
    }
    return 0;
}

enum { READY_PEER, READY_INPUT, READY_OUTPUT, READY_COUNT };

/* A descriptor of which nothing is wanted is not watched: its hang-up would be told all the time. */
static int relay_wait(const struct relay_course *course, struct pollfd *ready)
{
    bool from_peer = queue_is_empty(&course->to_output);
    bool to_peer = !queue_is_empty(&course->to_peer);
    bool input = course->open && !queue_is_full(&course->to_peer);
    short peer = (short)((from_peer ? POLLIN : 0) | (to_peer ? POLLOUT : 0));

    ready[READY_PEER] = (struct pollfd){.fd = peer != 0 ? course->relay->fd : -1, .events = peer};
    ready[READY_INPUT] = (struct pollfd){.fd = input ? STDIN_FILENO : -1, .events = POLLIN};
    ready[READY_OUTPUT] = (struct pollfd){.fd = from_peer ? -1 : STDOUT_FILENO, .events = POLLOUT};
    return poll(ready, READY_COUNT, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int relay_step(struct relay_course *course, const struct pollfd *ready)
{
    int result = 0;

    if (ready[READY_OUTPUT].revents != 0) {
        result = queue_write(&course->to_output, STDOUT_FILENO);
    }
    if (result == 0 && (ready[READY_PEER].events & POLLIN) != 0 &&
        (ready[READY_PEER].revents & ~POLLOUT) != 0) {
        result = relay_from_peer(course);
    }
    if (result == 0 && (ready[READY_PEER].events & POLLOUT) != 0 &&
        ready[READY_PEER].revents != 0) {
        relay_to_peer(course);
        relay_tell_end(course);
    }
    if (result == 0 && ready[READY_INPUT].revents != 0) {
        result = relay_from_input(course);
        relay_tell_end(course);
    }
    return result;
}

int relay_run(const struct relay *relay)
{
    struct relay_course course = {.relay = relay, .open = true};
    int result = 0;

    while (result == 0) {
        struct pollfd ready[READY_COUNT];

        result = relay_wait(&course, ready);
        if (result == 0) {
            result = relay_step(&course, ready);
        }
    }
    return result == RELAY_ENDED ? course.broken : result;
}
