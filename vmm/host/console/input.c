/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/input.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/report.h"
#include "core/loop.h"

/*
 * Asks twice before it returns 0. The second question sees room that was made before the flag was
 * set. A thread that makes room later finds the flag in input_accept(): the receiver's own lock
 * orders the question and the making of room.
 */
static size_t input_receiver_room(struct input *input)
{
    const struct console_receiver *receiver = &input->receiver;

    if (!input->connected) {
        return 0;
    }
    size_t room = receiver->room(receiver->arg);
    if (room == 0) {
        atomic_store(&input->starved, true); /* pairs with input_accept() */
        room = receiver->room(receiver->arg);
    }
    return room;
}

void input_accept(struct input *input)
{
    atomic_bool *starved = &input->starved; /* pairs with input_receiver_room() */

    /* Read before it is exchanged: calls are frequent, and most find nothing to do. */
    if (atomic_load(starved) && atomic_exchange(starved, false)) {
        input->call(input->arg);
    }
}

static void input_deliver(struct input *input)
{
    struct ring *ring = &input->ring;

    while (ring->count > 0) {
        size_t count;
        const uint8_t *bytes = ring_front(ring, &count);
        size_t room = input_receiver_room(input);

        if (room == 0) {
            return;
        }
        count = count < room ? count : room;
        input->receiver.receive(input->receiver.arg, bytes, count);
        ring_drop(ring, count);
    }
    input->fresh = false;
}

/*
 * How many bytes to read now. A terminal is read ahead of the guest, so that the operator's escape
 * keys work even if the guest reads nothing. During a watch everything is read ahead. Both stop
 * when the ring is full; then input waits in the line.
 */
static size_t input_appetite(struct input *input)
{
    size_t space = ring_space(&input->ring);

    if (input->line.fd < 0 || input->absent || space == 0) {
        return 0;
    }
    if (input->escaped || input->notice != NULL) {
        return space;
    }
    size_t room = input_receiver_room(input);
    return room < space ? room : space;
}

void input_close(struct input *input)
{
    loop_remove(input->source);
    input->source = NULL;
    input->always_ready = false;
    line_close(&input->line);
}

/* Sorts the bytes read. Returns whether any was for the guest. */
static bool input_take(struct input *input, const uint8_t *bytes, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        uint8_t byte = bytes[i];
        enum escape_action action =
            input->escaped ? escape_feed(&input->escape, &byte) : ESCAPE_SEND;

        switch (action) {
        case ESCAPE_SEND:
            ring_push(&input->ring, byte);
            any = true;
            break;
        case ESCAPE_HELP:
            report("%s", escape_help);
            break;
        case ESCAPE_QUIT:
            input->quits = true;
            break;
        case ESCAPE_DROP:
            break;
        }
    }
    return any;
}

/* End of file, or an error, which counts as one. For a pseudo-terminal it is only a hang-up. */
static void input_end(struct input *input)
{
    if (!input->is_pty) {
        input_close(input);
        return;
    }
    input->absent = true;
    input->leave(input->arg);
}

/* Reads once. Returns whether any byte was for the guest. */
static bool input_read(struct input *input)
{
    uint8_t bytes[RING_SIZE];
    size_t size = input_appetite(input);

    if (size == 0) {
        return false;
    }
    ssize_t count = line_read(&input->line, bytes, size);
    if (count > 0) {
        return input_take(input, bytes, (size_t)count);
    }
    if (count != -EAGAIN) {
        input_end(input);
    }
    return false;
}

/* Watches the input only if bytes that come would be read. */
static void input_adjust_watch(struct input *input)
{
    bool wanted = input_appetite(input) > 0;

    if (input->always_ready && wanted) {
        input->call(input->arg);
    } else if (input->source != NULL) {
        loop_watch(input->source, wanted ? EPOLLIN : 0);
    }
}

/*
 * Does all pending work of the input. A receive() may wake the guest, which ends the watch. quit()
 * and notice() may do more, so they come last: nothing of the input is used after them.
 */
static void input_pump(struct input *input, bool readable)
{
    input_deliver(input);
    bool came = readable && input_read(input);
    if (came) {
        input->fresh = true;
        input_deliver(input);
    }
    input_adjust_watch(input);
    if (input->quits) {
        input->quits = false;
        input->quit(input->arg);
    } else if (came && input->notice != NULL) {
        input->notice(input->notice_arg);
    }
}

static void input_on_ready(void *arg, uint32_t events)
{
    (void)events;
    input_pump(arg, true);
}

void input_work(struct input *input)
{
    input_pump(input, input->always_ready);
}

void input_present(struct input *input)
{
    input->absent = false;
    input_adjust_watch(input);
}

void input_connect(struct input *input, const struct console_receiver *receiver)
{
    input->connected = receiver != NULL;
    if (receiver != NULL) {
        input->receiver = *receiver;
    }
    input->call(input->arg);
}

void input_watch(struct input *input, void (*notice)(void *arg), void *arg)
{
    if (notice == NULL) {
        input->fresh = false;
    }
    input->notice = notice;
    input->notice_arg = arg;
    input->call(input->arg);
}

/* A file that epoll refuses never makes a reader wait. */
int input_join(struct input *input, struct loop *loop)
{
    if (input->line.fd < 0) {
        return 0;
    }
    input->source = loop_add(loop, input->line.fd, 0, input_on_ready, input);
    input->always_ready = input->source == NULL && errno == EPERM;
    return input->source != NULL || input->always_ready ? 0 : -errno;
}
