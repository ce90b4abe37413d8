/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A client of QMP: asks one VM, and waits for its answers and events. Nothing waits longer than its limit. The
 * process at the other end is not trusted: it may say anything, or nothing.
 */
#ifndef DORMOUSE_CLIENT_QMP_ASK_H
#define DORMOUSE_CLIENT_QMP_ASK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QMP_ASK_WHY_SIZE = 256,
    QMP_ASK_LINE_MAX = 256 * 1024, /* bytes; a longer line is no QMP */
    QMP_ASK_EVENTS_MAX = 256,      /* kept until they are asked for; the oldest are dropped */
};

enum ask_result {
    ASK_DONE,
    ASK_REFUSED, /* with the reason in `why` */
    ASK_GONE,    /* no process is there, or it has ended */
    ASK_LATE,    /* it has not answered in time */
};

struct qmp_ask {
    int fd;
    char *input;
    size_t length; /* bytes of `input` that are there */
    size_t room;
    json_t *events;
    char why[QMP_ASK_WHY_SIZE]; /* harmless for a terminal */
};

/**
 * Asks in two steps, so that of several VMs none waits for another. qmp_ask_begin() connects, and sends the negotiation
 * and then `command`, unless that is NULL. qmp_ask_greet() reads the greeting and the negotiation's reply. `deadline` is of
 * clock_now_ms(), here and below. Close it in any case.
 */
enum ask_result qmp_ask_begin(struct qmp_ask *ask, const char *path, const char *command,
                              int64_t deadline);
enum ask_result qmp_ask_greet(struct qmp_ask *ask, int64_t deadline);
void qmp_ask_close(struct qmp_ask *ask);

/** Sends another command. */
enum ask_result qmp_ask_send(struct qmp_ask *ask, const char *command, int64_t deadline);

/**
 * Waits for the reply to the first command that has none yet. `value`, unless it is NULL, gets what was returned, for
 * json_decref().
 */
enum ask_result qmp_ask_reply(struct qmp_ask *ask, int64_t deadline, json_t **value);

/** Waits for the next event; `event` is for json_decref(). */
enum ask_result qmp_ask_event(struct qmp_ask *ask, int64_t deadline, json_t **event);

/** Waits until the process closes the connection, which it does at its end. Events are dropped. */
enum ask_result qmp_ask_end(struct qmp_ask *ask, int64_t deadline);

#endif
