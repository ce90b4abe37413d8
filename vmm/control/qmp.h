/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QMP, the QEMU Machine Protocol, on a Unix socket: operators ask by it, and are told.
 * docs/dormouse.1 has the commands and events. Main thread only; nothing here ever waits.
 *
 * Bounds: QMP_CLIENTS_MAX clients at once; a command of QMP_COMMAND_MAX bytes at most, JSON nested
 * QMP_DEPTH_MAX deep at most; a client that does not read what it is sent is cut off once
 * QMP_OUTPUT_MAX bytes wait for it. A client that breaks one of these loses its connection, and
 * nobody else notices.
 */
#ifndef DORMOUSE_CONTROL_QMP_H
#define DORMOUSE_CONTROL_QMP_H

#include "control/operator.h"
#include "power/power.h"

enum {
    QMP_CLIENTS_MAX = 16,
    QMP_COMMAND_MAX = 64 * 1024,
    QMP_DEPTH_MAX = 64,
    QMP_OUTPUT_MAX = 256 * 1024,
};

struct loop;
struct qmp;

/* Why a VM ends without its guest's doing. */
enum quit_reason {
    QUIT_BY_SIGNAL,
    QUIT_BY_CONSOLE, /* Ctrl-a x */
    QUIT_BY_QMP,
    QUIT_BY_ERROR,
};

/*
 * Listens at `path` for the VM called `name`. A socket that nobody listens to any more is replaced;
 * whatever else is there is left alone. What the pointers mean must outlive it. NULL after
 * report()ing a line.
 */
struct qmp *qmp_open(struct loop *loop, const char *path, const char *name,
                     const struct operator_ops *ops, void *machine);
/* Sends what can be sent at once, and removes the socket. NULL is ignored, here and below. */
void qmp_close(struct qmp *qmp);

/* Tells every client that has negotiated. */
void qmp_tell(struct qmp *qmp, const struct power_news *news);
void qmp_tell_quit(struct qmp *qmp, enum quit_reason reason);

#endif
