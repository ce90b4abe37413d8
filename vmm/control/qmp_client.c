/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection. A turn of the event loop takes at most one command of a client, and none of a
 * client that has not taken all of its replies yet. That bounds the work and the memory that a
 * client can cause.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#include "control/qmp_internal.h"

enum { QMP_LINE_END_SIZE = sizeof(QMP_LINE_END) - 1 };

struct qmp_client {
    struct qmp *qmp;
    struct qmp_client *next;
    struct qmp_client *previous;
    int fd;
    struct loop_source *source;
    bool negotiated;
    bool closing; /* ends after all has been sent */
    bool broken;  /* nothing can be sent any more */
    struct qmp_frame frame;
    char *output; /* what waits to be sent */
    size_t output_length;
    size_t output_size;
    size_t input_length;
    char input[QMP_COMMAND_MAX];
};

/* After the shutdown the client can send no more, so what is left to read is bounded. */
void qmp_hang_up(int fd)
{
    char bytes[4096];

    shutdown(fd, SHUT_RDWR);
    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
    }
    close(fd);
}

static void client_close(struct qmp_client *client)
{
    struct qmp *qmp = client->qmp;

    loop_remove(client->source);
    qmp_hang_up(client->fd);
    if (client->previous != NULL) {
        client->previous->next = client->next;
    } else {
        qmp->clients = client->next;
    }
    if (client->next != NULL) {
        client->next->previous = client->previous;
    }
    qmp->client_count--;
    free(client->output);
    free(client);
}

/* Sends what the socket takes now. */
static void client_flush(struct qmp_client *client)
{
    while (client->output_length > 0 && !client->broken) {
        ssize_t sent =
            send(client->fd, client->output, client->output_length, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            client->broken = errno != EAGAIN;
            return;
        }
        client->output_length -= (size_t)sent;
        memmove(client->output, client->output + sent, client->output_length);
    }
}

static bool make_room(struct qmp_client *client, size_t length)
{
    size_t needed = client->output_length + length;

    if (needed > QMP_OUTPUT_MAX) {
        return false;
    }
    if (needed <= client->output_size) {
        return true;
    }
    char *output = realloc(client->output, needed);
    if (output == NULL) {
        return false;
    }
    client->output = output;
    client->output_size = needed;
    return true;
}

/*
 * Sends a line of text. If there is no room for it, the client is cut off, because it would miss
 * the line.
 */
static void client_send_line(struct qmp_client *client, const char *text, size_t length)
{
    if (client->broken || !make_room(client, length + QMP_LINE_END_SIZE)) {
        client->broken = true;
        return;
    }
    memcpy(client->output + client->output_length, text, length);
    client->output_length += length;
    memcpy(client->output + client->output_length, QMP_LINE_END, QMP_LINE_END_SIZE);
    client->output_length += QMP_LINE_END_SIZE;
    client_flush(client);
}

/* Takes over `object`; NULL: there was no memory for it. */
static void client_send(struct qmp_client *client, json_t *object)
{
    char *text = object != NULL ? json_dumps(object, QMP_FORMAT) : NULL;

    if (text != NULL) {
        client_send_line(client, text, strlen(text));
    } else {
        client->broken = true;
    }
    free(text);
    json_decref(object);
}

/* Takes over `reply`. One for which there is no room is replaced by an error. */
static void client_reply(struct qmp_client *client, json_t *reply)
{
    size_t length = reply != NULL ? json_dumpb(reply, NULL, 0, QMP_FORMAT) : 0;

    if (client->output_length + length + QMP_LINE_END_SIZE > QMP_OUTPUT_MAX) {
        json_decref(reply);
        reply = qmp_error("the reply is too long");
    }
    client_send(client, reply);
}

/* Waits for the client's next turn, or ends the connection. */
static void client_settle(struct qmp_client *client)
{
    if (client->broken || (client->closing && client->output_length == 0)) {
        client_close(client);
        return;
    }
    loop_watch(client->source, client->output_length > 0 ? EPOLLOUT : EPOLLIN);
}

static void client_refuse(struct qmp_client *client, const char *why)
{
    client_send(client, qmp_error(why));
    client->closing = true;
}

static void client_execute(struct qmp_client *client)
{
    size_t length = client->input_length;

    client->input_length = 0;
    client_reply(client, qmp_execute(client->qmp, client->input, length, &client->negotiated));
}

/*
 * Copies bytes, which are still in the socket, up to the end of a command or of the bytes. Returns
 * how many it copied.
 */
static size_t client_take_bytes(struct qmp_client *client, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (client->input_length == QMP_COMMAND_MAX) {
            client_refuse(client, "the command is too long");
            return count;
        }
        client->input[client->input_length++] = bytes[i];
        switch (qmp_frame_byte(&client->frame, bytes[i])) {
        case QMP_FRAME_NOTHING:
            client->input_length = 0;
            break;
        case QMP_FRAME_MORE:
            break;
        case QMP_FRAME_DONE:
            return i + 1;
        case QMP_FRAME_DEEP:
            client_refuse(client, "the command is nested too deeply");
            return count;
        }
    }
    return count;
}

/* Bytes after the command stay in the socket, so that the socket stays readable. */
static void client_take_input(struct qmp_client *client)
{
    char bytes[4096];
    ssize_t count = recv(client->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

    if (count < 0) {
        client->broken = errno != EAGAIN && errno != EINTR;
        return;
    }
    if (count == 0) {
        client->closing = true; /* All its commands have been answered. */
        return;
    }
    size_t taken = client_take_bytes(client, bytes, (size_t)count);
    (void)!recv(client->fd, bytes, taken, MSG_DONTWAIT);
    if (client->input_length > 0 && !client->frame.begun) {
        client_execute(client);
    }
}

static void on_client_ready(void *arg, uint32_t events)
{
    struct qmp_client *client = arg;

    if ((events & EPOLLERR) != 0) {
        client->broken = true;
    } else if (client->output_length > 0) {
        client_flush(client);
    } else if (!client->closing) {
        client_take_input(client);
    }
    client_settle(client);
}

bool qmp_client_add(struct qmp *qmp, int fd)
{
    struct qmp_client *client = calloc(1, sizeof(*client));

    if (client != NULL) {
        client->qmp = qmp;
        client->fd = fd;
        client->source = loop_add(qmp->loop, fd, EPOLLIN, on_client_ready, client);
    }
    if (client == NULL || client->source == NULL) {
        free(client);
        close(fd);
        return false;
    }
    client->next = qmp->clients;
    if (client->next != NULL) {
        client->next->previous = client;
    }
    qmp->clients = client;
    qmp->client_count++;
    client_send(client, qmp_greeting());
    client_settle(client);
    return true;
}

/*
 * Waits until the client can take more. False: the deadline has passed, or the connection is
 * broken.
 */
static bool client_wait(const struct qmp_client *client, int64_t deadline)
{
    struct pollfd ready = {.fd = client->fd, .events = POLLOUT};
    int64_t left = deadline - clock_now_ms();

    return left > 0 && poll(&ready, 1, (int)left) > 0;
}

static void client_drain(struct qmp_client *client, int64_t deadline)
{
    client_flush(client);
    while (client->output_length > 0 && !client->broken && client_wait(client, deadline)) {
        client_flush(client);
    }
}

void qmp_close_clients(struct qmp *qmp)
{
    enum { LIMIT_MS = 500 }; /* for all of them together: a slow client must not hold the process */
    int64_t deadline = clock_now_ms() + LIMIT_MS;
    struct qmp_client *next;

    for (struct qmp_client *client = qmp->clients; client != NULL; client = next) {
        next = client->next;
        client_drain(client, deadline);
        client_close(client);
    }
}

void qmp_send_event(struct qmp *qmp, json_t *event)
{
    char *text = event != NULL ? json_dumps(event, QMP_FORMAT) : NULL;

    for (struct qmp_client *client = qmp->clients; text != NULL && client != NULL;
         client = client->next) {
        if (!client->negotiated || client->closing) {
            continue;
        }
        client_send_line(client, text, strlen(text));
        /*
         * The caller may be executing a command of the very client that is cut off here. So the
         * client is freed in its own turn, which the shutdown causes even if the client does not
         * read.
         */
        if (client->broken) {
            shutdown(client->fd, SHUT_RDWR);
        }
        loop_watch(client->source,
                   client->output_length > 0 || client->broken ? EPOLLOUT : EPOLLIN);
    }
    free(text);
    json_decref(event);
}
