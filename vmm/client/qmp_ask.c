/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/qmp_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"

static enum ask_result ask_refuse(struct qmp_ask *ask, const char *why)
{
    clean_copy(ask->why, sizeof(ask->why), why);
    return ASK_REFUSED;
}

static enum ask_result ask_not_qmp(struct qmp_ask *ask)
{
    return ask_refuse(ask, "what listens there does not speak QMP");
}

/* Waits until the socket is ready. A time of less than a millisecond is over. */
static bool ask_wait(const struct qmp_ask *ask, short events, int64_t deadline)
{
    struct pollfd ready = {.fd = ask->fd, .events = events};

    for (;;) {
        int64_t left = deadline - clock_now_ms();
        int result = left > 0 ? poll(&ready, 1, (int)left) : 0;

        if (result >= 0 || errno != EINTR) {
            return result > 0;
        }
    }
}

/* A busy server lets connections wait in the kernel, up to a number; more must try again. */
static enum ask_result ask_connect(struct qmp_ask *ask, const char *path, int64_t deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    ask->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (ask->fd < 0) {
        return ask_refuse(ask, strerror(errno));
    }
    while (connect(ask->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        if (errno == ECONNREFUSED || errno == ENOENT) {
            return ASK_GONE;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return ask_refuse(ask, strerror(errno));
        }
        if (clock_now_ms() >= deadline) {
            return ASK_LATE;
        }
        nanosleep(&pause, NULL);
    }
    return ASK_DONE;
}

/* Bytes that are read at once: many short lines are then never behind a long one. */
enum { ASK_STEP = 4096 };

/* Makes room for more input. */
static bool ask_make_room(struct qmp_ask *ask)
{
    if (ask->room - ask->length >= ASK_STEP) {
        return true;
    }
    char *input = ask->room < QMP_ASK_LINE_MAX ? realloc(ask->input, ask->room + ASK_STEP) : NULL;
    if (input == NULL) {
        return false;
    }
    ask->input = input;
    ask->room += ASK_STEP;
    return true;
}

static enum ask_result ask_receive(struct qmp_ask *ask, int64_t deadline)
{
    if (!ask_make_room(ask)) {
        return ask_not_qmp(ask);
    }
    if (!ask_wait(ask, POLLIN, deadline)) {
        return ASK_LATE;
    }
    ssize_t count = recv(ask->fd, ask->input + ask->length, ASK_STEP, 0);
    if (count == 0 || (count < 0 && errno == ECONNRESET)) {
        return ASK_GONE;
    }
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? ASK_DONE : ask_refuse(ask, strerror(errno));
    }
    ask->length += (size_t)count;
    return ASK_DONE;
}

/* Takes the first line out of the input, if it is whole: NULL, with ASK_DONE, if it is not. */
static enum ask_result ask_take_line(struct qmp_ask *ask, json_t **object)
{
    const char *end = ask->length > 0 ? memchr(ask->input, '\n', ask->length) : NULL;

    *object = NULL;
    if (end == NULL) {
        return ASK_DONE;
    }
    size_t length = (size_t)(end - ask->input);
    *object = json_loadb(ask->input, length, 0, NULL);
    ask->length -= length + 1;
    memmove(ask->input, end + 1, ask->length);
    return json_is_object(*object) ? ASK_DONE : ask_not_qmp(ask);
}

/* The next object that the server sends. */
static enum ask_result ask_read(struct qmp_ask *ask, int64_t deadline, json_t **object)
{
    for (;;) {
        enum ask_result result = ask_take_line(ask, object);

        if (result != ASK_DONE) {
            json_decref(*object);
            *object = NULL;
        }
        if (result != ASK_DONE || *object != NULL) {
            return result;
        }
        result = ask_receive(ask, deadline);
        if (result != ASK_DONE) {
            return result;
        }
    }
}

/* Takes over the event. */
static void ask_keep_event(struct qmp_ask *ask, json_t *event)
{
    if (json_array_size(ask->events) >= QMP_ASK_EVENTS_MAX) {
        json_array_remove(ask->events, 0);
    }
    json_array_append_new(ask->events, event);
}

static enum ask_result ask_send(struct qmp_ask *ask, const char *text, int64_t deadline)
{
    size_t length = strlen(text);

    while (length > 0) {
        ssize_t count = send(ask->fd, text, length, MSG_NOSIGNAL);

        if (count >= 0) {
            text += count;
            length -= (size_t)count;
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return ASK_GONE;
        } else if (errno != EAGAIN && errno != EINTR) {
            return ask_refuse(ask, strerror(errno));
        } else if (!ask_wait(ask, POLLOUT, deadline)) {
            return ASK_LATE;
        }
    }
    return ASK_DONE;
}

static enum ask_result ask_take_error(struct qmp_ask *ask, const json_t *error)
{
    const char *why = json_string_value(json_object_get(error, "desc"));

    return ask_refuse(ask, why != NULL ? why : "an error without a reason");
}

/* Reads on until the reply. */
static enum ask_result ask_read_reply(struct qmp_ask *ask, int64_t deadline, json_t **value)
{
    for (;;) {
        json_t *object;
        enum ask_result result = ask_read(ask, deadline, &object);

        if (result != ASK_DONE) {
            return result;
        }
        json_t *returned = json_object_get(object, "return");
        const json_t *error = json_object_get(object, "error");
        if (returned == NULL && error == NULL) {
            ask_keep_event(ask, object);
            continue;
        }
        result = error != NULL ? ask_take_error(ask, error) : ASK_DONE;
        if (result == ASK_DONE && value != NULL) {
            *value = json_incref(returned);
        }
        json_decref(object);
        return result;
    }
}

static enum ask_result ask_send_command(struct qmp_ask *ask, const char *command, int64_t deadline)
{
    json_t *object = json_pack("{s:s}", "execute", command);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (text == NULL) {
        return ask_refuse(ask, strerror(ENOMEM));
    }
    enum ask_result result = ask_send(ask, text, deadline);
    free(text);
    return result == ASK_DONE ? ask_send(ask, "\n", deadline) : result;
}

static enum ask_result ask_take_greeting(struct qmp_ask *ask, int64_t deadline)
{
    json_t *object;
    enum ask_result result = ask_read(ask, deadline, &object);

    if (result != ASK_DONE) {
        return result;
    }
    const json_t *error = json_object_get(object, "error");
    if (error != NULL) {
        result = ask_take_error(ask, error);
    } else if (json_object_get(object, "QMP") == NULL) {
        result = ask_not_qmp(ask);
    }
    json_decref(object);
    return result;
}

/* A server that has closed the connection may have said why: that is still to be read. */
enum ask_result qmp_ask_send(struct qmp_ask *ask, const char *command, int64_t deadline)
{
    enum ask_result result = ask_send_command(ask, command, deadline);

    return result == ASK_GONE ? ASK_DONE : result;
}

enum ask_result qmp_ask_begin(struct qmp_ask *ask, const char *path, const char *command,
                              int64_t deadline)
{
    *ask = (struct qmp_ask){.fd = -1, .events = json_array()};
    if (ask->events == NULL) {
        return ask_refuse(ask, strerror(ENOMEM));
    }
    enum ask_result result = ask_connect(ask, path, deadline);
    if (result != ASK_DONE) {
        return result;
    }
    result = qmp_ask_send(ask, "qmp_capabilities", deadline);
    if (result == ASK_DONE && command != NULL) {
        result = qmp_ask_send(ask, command, deadline);
    }
    return result;
}

enum ask_result qmp_ask_greet(struct qmp_ask *ask, int64_t deadline)
{
    enum ask_result result = ask_take_greeting(ask, deadline);

    return result == ASK_DONE ? ask_read_reply(ask, deadline, NULL) : result;
}

enum ask_result qmp_ask_reply(struct qmp_ask *ask, int64_t deadline, json_t **value)
{
    return ask_read_reply(ask, deadline, value);
}

void qmp_ask_close(struct qmp_ask *ask)
{
    if (ask->fd >= 0) {
        close(ask->fd);
    }
    free(ask->input);
    json_decref(ask->events);
    *ask = (struct qmp_ask){.fd = -1};
}

enum ask_result qmp_ask_event(struct qmp_ask *ask, int64_t deadline, json_t **event)
{
    if (json_array_size(ask->events) == 0) {
        return ask_read(ask, deadline, event);
    }
    *event = json_incref(json_array_get(ask->events, 0));
    json_array_remove(ask->events, 0);
    return ASK_DONE;
}

enum ask_result qmp_ask_end(struct qmp_ask *ask, int64_t deadline)
{
    enum ask_result result;

    do {
        ask->length = 0;
        result = ask_receive(ask, deadline);
    } while (result == ASK_DONE);
    return result == ASK_GONE ? ASK_DONE : result;
}
