/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's end of a port of virtio-console: a channel of bytes between a program of the guest,
 * which opens /dev/virtio-ports/NAME, and one client on the host. Two kinds of client exist: a
 * program that connects to a Unix socket (port_socket.c), and a part of dormouse itself
 * (port_internal.h).
 *
 * Neither direction has a buffer here. The device reads a port when the guest has room: what the
 * guest does not take stays in the socket. The device writes what the guest has queued: what the
 * client does not take stays in the guest's queue. Nothing is lost in between, also while the guest
 * sleeps. If a client leaves, what the guest has queued for it is dropped, so that the next client
 * does not begin with the rest of another's message.
 *
 * Main thread, but for port_tell_guest_open(). The device calls with its lock held, so no callback of
 * `struct port_guest` comes from within such a call.
 */
#ifndef DORMOUSE_HOST_PORT_PORT_H
#define DORMOUSE_HOST_PORT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "host/port/port_settings.h"

struct loop;
struct port;

/* The guest's end: what the host's side calls. All from the main thread's loop, without a lock. */
struct port_guest {
    void *arg;
    void (*readable)(void *arg); /* port_read() has bytes; comes only while port_watch() asks */
    void (*writable)(void *arg); /* port_write() takes bytes again */
    void (*changed)(void *arg);  /* port_is_open() has changed */
};

/* What a kind of client implements; the functions below call it. */
struct port_ops {
    bool (*is_open)(const struct port *port);
    ssize_t (*read)(struct port *port, const struct iovec *parts, unsigned count);
    ssize_t (*write)(struct port *port, const struct iovec *parts, unsigned count);
    void (*watch)(struct port *port, bool wanted);
    void (*guest_open)(struct port *port, bool open);
    void (*destroy)(struct port *port);
};

struct port {
    const struct port_ops *ops;
    struct port_guest guest;
};

/*
 * Opens the host's end of a port: listens on the socket, or connects the internal client. Returns
 * NULL after report()ing one line. port_close(NULL) does nothing.
 */
struct port *port_open(struct loop *loop, const struct port_setting *setting,
                       const struct port_guest *guest);

static inline void port_close(struct port *port)
{
    if (port != NULL) {
        port->ops->destroy(port);
    }
}

/* Whether a client is there. */
static inline bool port_is_open(const struct port *port)
{
    return port->ops->is_open(port);
}

/*
 * Moves bytes from the client into the parts, as many as are there. Returns how many, or -EAGAIN if
 * there are none now.
 */
static inline ssize_t port_read(struct port *port, const struct iovec *parts, unsigned count)
{
    return port->ops->read(port, parts, count);
}

/*
 * Moves bytes to the client. Returns how many it took, or -EAGAIN: it takes none now, and
 * writable() follows. Without a client all are taken, and dropped.
 */
static inline ssize_t port_write(struct port *port, const struct iovec *parts, unsigned count)
{
    return port->ops->write(port, parts, count);
}

/* Whether readable() is wanted. It is not at first. */
static inline void port_watch(struct port *port, bool wanted)
{
    port->ops->watch(port, wanted);
}

/* A program of the guest has opened the port, or none has it open any more. Any thread. */
static inline void port_tell_guest_open(struct port *port, bool open)
{
    port->ops->guest_open(port, open);
}

#endif
