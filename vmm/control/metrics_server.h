/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Metrics on a Unix socket, by HTTP/1.0: one request a connection, any path. Main thread only, and
 * never waits. A client that sends too much loses its connection; of METRICS_CLIENTS_MAX silent ones
 * the oldest makes room for a new one.
 */
#ifndef DORMOUSE_CONTROL_METRICS_SERVER_H
#define DORMOUSE_CONTROL_METRICS_SERVER_H

#include <stddef.h>

enum {
    METRICS_CLIENTS_MAX = 8,
    METRICS_REQUEST_MAX = 8192,
};

struct loop;
struct metrics_server;

/** The text of this moment, which is freed, and its length; NULL: it could not be made. */
typedef char *metrics_text_fn(void *arg, size_t *length);

/** `path` must outlive the server. NULL after report()ing a line. */
struct metrics_server *metrics_server_open(struct loop *loop, const char *path,
                                           metrics_text_fn *text, void *arg);
/** NULL is ignored. */
void metrics_server_close(struct metrics_server *server);

#endif
