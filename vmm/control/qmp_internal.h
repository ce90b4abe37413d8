/* SPDX-License-Identifier: BSD-2-Clause */
/** What the files of the QMP server share: qmp.c and qmp_*.c. Main thread only. */
#ifndef DORMOUSE_CONTROL_QMP_INTERNAL_H
#define DORMOUSE_CONTROL_QMP_INTERNAL_H

#include <jansson.h>
#include <stddef.h>

#include "control/qmp.h"
#include "core/listener.h"
#include "core/loop.h"

struct qmp_client;

struct qmp {
    struct loop *loop;
    const char *name;
    const struct operator_ops *ops;
    void *machine;
    struct listener listener;
    struct qmp_client *clients;
    unsigned client_count;
};

/**
 * qmp_frame.c: where one JSON value of a stream of bytes ends; clients need not send lines. As in
 * QEMU a string may be in single quotes, and the byte 0xFF gives up a value that is not complete.
 */
struct qmp_frame {
    unsigned depth;
    bool begun;
    char quote;   /* the one that ends the string, or NUL outside of strings */
    bool escaped; /* in a string: the byte before was a backslash */
    bool garbage; /* no object and no array: ends with the line */
};

#define QMP_RESYNCHRONISE '\xff'

enum qmp_frame_state {
    QMP_FRAME_NOTHING, /* a byte between values, part of none */
    QMP_FRAME_MORE,
    QMP_FRAME_DONE, /* the last byte of a value; the next value may follow */
    QMP_FRAME_DEEP, /* nested deeper than QMP_DEPTH_MAX */
};

enum qmp_frame_state qmp_frame_byte(struct qmp_frame *frame, char byte);

/**
 * Copies a value with its single-quoted strings in double quotes, as JSON has them.
 * @param out  room for twice `length` bytes
 * @return the number of bytes in `out`
 */
size_t qmp_frame_quotes(char *out, const char *in, size_t length);

/* qmp_client.c: one connection. */

/** Takes over the connected, non-blocking `fd`. @return false if it failed; `fd` is closed then. */
bool qmp_client_add(struct qmp *qmp, int fd);
/** Closes all connections, after sending what the clients take within half a second. */
void qmp_close_clients(struct qmp *qmp);
/**
 * Closes a connection so that its client reads what was sent and then the end. A socket closed with
 * unread input would show it an error (ECONNRESET) instead.
 */
void qmp_hang_up(int fd);
/**
 * Takes over an object and sends it to all clients that have negotiated. NULL: there was no memory
 * for it.
 */
void qmp_send_event(struct qmp *qmp, json_t *event);

/** How JSON is written: as in QEMU, what is not ASCII is escaped. */
#define QMP_FORMAT (JSON_COMPACT | JSON_ENSURE_ASCII)

/** Ends each line that is sent, as in QEMU. */
#define QMP_LINE_END "\r\n"

/* qmp_request.c */

/**
 * Carries out what a client sent.
 * @param negotiated  the client's state
 * @return the reply, or NULL if there is no memory. The command may end the VM, but the client
 * stays.
 */
json_t *qmp_execute(struct qmp *qmp, const char *text, size_t length, bool *negotiated);

/* qmp_commands.c */

/**
 * Carries out the command of that name.
 * @param given  an object, or NULL
 * @return as qmp_execute()
 */
json_t *qmp_run(struct qmp *qmp, const char *name, json_t *given);

/** The argument of a command, which has one at most. */
enum qmp_argument {
    QMP_NO_ARGUMENT,
    QMP_HONOUR,
    QMP_FLAT,
    QMP_CPU_INDEX,
    QMP_ENABLE,
    QMP_BYTES,
    QMP_DEPTH,
};

/** Why a command is not carried out. */
struct qmp_fault {
    const char *class;
    const char *words; /* NULL: there is no memory */
};

/**
 * Returns the value of the reply, null if the command has none; or NULL, with the reason in *fault,
 * whose class is GenericError unless the command changes it.
 */
typedef json_t *qmp_command_fn(struct qmp *qmp, const json_t *argument, struct qmp_fault *fault);

struct qmp_command {
    const char *name; /* NULL ends a table */
    enum qmp_argument argument;
    const char *result; /* its type, see qmp_schema.c */
    qmp_command_fn *run;
};

/* qmp_queries.c */

extern const struct qmp_command qmp_queries[];

/** The greeting that each client gets. */
json_t *qmp_greeting(void);
/** Refuses a command of balloons, because the VM has none. */
json_t *qmp_no_balloon(struct qmp_fault *fault);

/* qmp_error.c */

/** {"error": ...} */
json_t *qmp_refuse(const char *class, const char *words);
/** The same of class GenericError. */
json_t *qmp_error(const char *words);
/** The words are `before`, the beginning of the client's `name`, and `after`. */
json_t *qmp_error_about(const char *class, const char *before, const char *name, const char *after);
/** There is no command of that name. */
json_t *qmp_not_found(const char *name);

/**
 * qmp_value.c. Adds `value`, which is taken over, to an array or an object. If there is no memory,
 * or `value` is NULL because there was none for it, *list or *object is freed and becomes NULL, and
 * stays so: a value that lacks a part cannot be sent.
 */
void qmp_append(json_t **list, json_t *value);
void qmp_set(json_t **object, const char *name, json_t *value);

/* qmp_schema.c: what query-qmp-schema returns. */

/** The values of the type RunState, by enum operator_status. */
enum { QMP_STATUS_COUNT = OPERATOR_SHUTDOWN + 1 };
extern const char *const qmp_status_names[QMP_STATUS_COUNT];
extern const char *const qmp_disk_states[];
extern const char *const qmp_depths[OPERATOR_DEPTHS];

/** All types and events. NULL: no memory. */
json_t *qmp_schema_types(void);
/** A command has one argument at most; `name` is NULL if it has none. */
struct qmp_argument_type {
    const char *name;
    const char *type;
    bool optional;
};
/** Adds as qmp_append() does. */
void qmp_schema_add_command(json_t **schema, const char *name,
                            const struct qmp_argument_type *argument, const char *result);

#endif
