/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * QMP, the QEMU Machine Protocol, on a Unix socket: commands to the machine, and events from it.
 * docs/dormouse.1 describes them. Main thread only; only qmp_close() waits, half a second at most.
 *
 * Bounds: QMP_CLIENTS_MAX clients at once; a command of QMP_COMMAND_MAX bytes at most, JSON nested
 * QMP_DEPTH_MAX deep at most; a client that does not read what it is sent is cut off once
 * QMP_OUTPUT_MAX bytes wait for it. A client that breaks one of these loses its connection; other
 * clients are not affected. A turn of the event loop takes one command of each client at most.
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

/** Why a VM ends although its guest did not ask for it. */
enum quit_reason {
    QUIT_BY_SIGNAL,
    QUIT_BY_CONSOLE, /* Ctrl-a x */
    QUIT_BY_QMP,
    QUIT_BY_ERROR,
};

/**
 * Listens at `path` for the VM called `name`. A socket that no program listens to is replaced;
 * anything else at `path` is left alone. What the pointers point to must live until qmp_close().
 * @return NULL after report()ing a line
 */
struct qmp *qmp_open(struct loop *loop, const char *path, const char *name,
                     const struct operator_ops *ops, void *machine);
/** Sends what clients still take, and removes the socket. NULL is ignored, here and below. */
void qmp_close(struct qmp *qmp);

/** Sends an event to every client that has negotiated. */
void qmp_tell(struct qmp *qmp, const struct power_news *news);
void qmp_tell_balloon(struct qmp *qmp, uint64_t bytes);
void qmp_tell_port(struct qmp *qmp, const char *port, bool open);
void qmp_tell_clock(struct qmp *qmp, int32_t ahead);
void qmp_tell_quit(struct qmp *qmp, enum quit_reason reason);

#endif
