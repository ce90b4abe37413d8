/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the QMP server share: qmp.c and qmp_*.c. Main thread only. */
#ifndef DORMOUSE_CONTROL_QMP_INTERNAL_H
#define DORMOUSE_CONTROL_QMP_INTERNAL_H

#include <jansson.h>
#include <stddef.h>

#include "control/qmp.h"
#include "core/loop.h"

struct qmp_client;

struct qmp {
    struct loop *loop;
    const char *path;
    const char *name;
    const struct operator_ops *ops;
    void *machine;
    int fd;
    int reserve_fd; /* given up for a moment where no descriptor is left to turn a client away with
                     */
    struct loop_source *source;
    unsigned long long inode; /* the socket's in the file system: whether it is still ours */
    struct qmp_client *clients;
    unsigned client_count;
};

/* qmp_frame.c: where one JSON value of a stream of bytes ends; clients need not send lines. */
struct qmp_frame {
    unsigned depth;
    bool begun;
    bool in_string;
    bool escaped; /* behind a backslash in a string */
    bool garbage; /* no object and no array: ends with the line */
};

enum qmp_frame_state {
    QMP_FRAME_MORE,
    QMP_FRAME_DONE, /* this byte was the last one; the frame is ready for the next value */
    QMP_FRAME_DEEP, /* nested deeper than QMP_DEPTH_MAX */
};

enum qmp_frame_state qmp_frame_byte(struct qmp_frame *frame, char byte);

/* qmp_client.c: one connection. */

/* Takes the connected, non-blocking `fd` over, also where it fails: false. */
bool qmp_client_add(struct qmp *qmp, int fd);
/* Closes the connection, after what can be sent at once. */
void qmp_client_remove(struct qmp_client *client);
/* Sends an object, which becomes qmp's, to all clients that have negotiated. NULL: no memory. */
void qmp_send_event(struct qmp *qmp, json_t *event);

/* qmp_commands.c */

/* What is said to a client that comes. */
json_t *qmp_greeting(void);
/*
 * Carries out what a client sent and makes the reply; NULL: no memory. `*negotiated` is the
 * client's. The command may end the VM, but the caller still has its client.
 */
json_t *qmp_execute(struct qmp *qmp, const char *text, size_t length, bool *negotiated);
/* {"error": ...} of class GenericError. */
json_t *qmp_error(const char *description);

#endif
