/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A Unix socket in the file system that this process listens on. Only its owner may connect, from
 * the first moment on. Main thread only; never waits.
 */
#ifndef DORMOUSE_CORE_LISTENER_H
#define DORMOUSE_CORE_LISTENER_H

#include <stdbool.h>

struct loop;
struct loop_source;

struct listener_setup {
    struct loop *loop;
    const char *option; /**< what messages begin with: "--qmp" */
    const char *path;   /**< lives until listener_close() */
    int backlog;        /**< how many connections the kernel keeps until they are served */
    /** Takes over a new connection, which does not block. */
    void (*serve)(void *arg, int fd);
    /**
     * Takes over a connection for which this process has no descriptor left, and closes it before
     * it returns. NULL: it is closed without a word.
     */
    void (*refuse)(void *arg, int fd);
    void *arg;
};

struct listener {
    struct listener_setup setup;
    int fd;
    int folder_fd;  /* that the socket is in */
    int reserve_fd; /* closed for a moment if no other descriptor is left to refuse a client */
    struct loop_source *source;
    unsigned long long inode; /* the socket's in the file system, to see whether it is still ours */
};

/**
 * Listens. A socket that no program listens to is replaced; anything else at the path is left
 * alone. Returns false after report()ing one line, with nothing left behind.
 */
bool listener_open(struct listener *listener, const struct listener_setup *setup);

/**
 * Stops listening and removes the socket, also inside the sandbox. A listener that was not opened
 * must have its descriptors at -1 (LISTENER_NONE).
 */
void listener_close(struct listener *listener);

#define LISTENER_NONE {.fd = -1, .folder_fd = -1, .reserve_fd = -1}

/** While it is held, new connections wait in the kernel, up to the backlog. */
void listener_hold(struct listener *listener, bool held);

#endif
