/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port on a Unix socket. One client is served at a time, the next ones wait in the kernel. A
 * client that has shut down its writing still gets what the guest sends, until it closes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/report.h"
#include "core/listener.h"
#include "core/loop.h"
#include "host/port/port_parts.h"

struct port_socket {
    struct port port;
    struct loop *loop;
    struct listener listener;
    int fd; /* the client's, or -1 */
    struct loop_source *source;
    bool wanted;  /* port_watch() */
    bool ended;   /* the client sends no more, and all it has sent was read */
    bool blocked; /* the client takes no more at the moment */
    bool gone;    /* it has closed, and left bytes for the guest */
};

static struct port_socket *socket_of(struct port *port)
{
    return (struct port_socket *)port;
}

/* EPOLLPRI never comes on such a socket, but with it the loop reports a hang-up. */
static void port_socket_watch_client(struct port_socket *socket)
{
    uint32_t events = socket->blocked ? EPOLLOUT : 0;

    if (socket->source == NULL) {
        return;
    }
    if (socket->wanted && !socket->ended) {
        events |= EPOLLIN;
    } else if (!socket->gone || socket->ended) {
        events |= EPOLLPRI;
    }
    loop_watch(socket->source, events);
}

static void port_socket_drop_client(struct port_socket *socket)
{
    loop_close(socket->source, socket->fd);
    socket->source = NULL;
    socket->fd = -1;
    socket->ended = socket->blocked = socket->gone = false;
    listener_hold(&socket->listener, false);
}

/* The client has closed. What it has sent before is still for the guest. */
static void port_socket_hang_up(struct port_socket *socket)
{
    char byte;

    if (!socket->ended && recv(socket->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
        socket->gone = true;
        socket->blocked = false;
        port_socket_watch_client(socket);
        return;
    }
    port_socket_drop_client(socket);
    socket->port.guest.changed(socket->port.guest.arg);
}

static void port_on_client(void *arg, uint32_t events)
{
    struct port_socket *socket = arg;
    const struct port_guest *guest = &socket->port.guest;
    bool reads = socket->wanted && !socket->ended;

    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && socket->blocked) {
        socket->blocked = false;
        port_socket_watch_client(socket);
        guest->writable(guest->arg);
    }
    if (reads && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        guest->readable(guest->arg);
    } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        port_socket_hang_up(socket);
    }
}

static void port_socket_serve(void *arg, int fd)
{
    struct port_socket *socket = arg;

    socket->fd = fd;
    socket->source = loop_add(socket->loop, fd, 0, port_on_client, socket);
    if (socket->source == NULL) {
        port_socket_drop_client(socket);
        return;
    }
    listener_hold(&socket->listener, true);
    port_socket_watch_client(socket);
    socket->port.guest.changed(socket->port.guest.arg);
}

static bool port_socket_is_open(const struct port *port)
{
    return ((const struct port_socket *)port)->fd >= 0;
}

/* Whether a call on the client has failed for good: there is nothing more to hope for. */
static bool port_has_failed(ssize_t result)
{
    return result == 0 || (result < 0 && errno != EAGAIN && errno != EINTR);
}

static ssize_t port_socket_read(struct port *port, const struct iovec *parts, unsigned count)
{
    struct port_socket *socket = socket_of(port);
    size_t done = 0;

    for (unsigned i = 0; i < count && socket->fd >= 0 && !socket->ended; i++) {
        ssize_t got = recv(socket->fd, parts[i].iov_base, parts[i].iov_len, MSG_DONTWAIT);

        if (port_has_failed(got)) {
            socket->ended = true; /* The hang-up follows by the loop, if there is one. */
            port_socket_watch_client(socket);
            break;
        }
        done += got > 0 ? (size_t)got : 0;
        if (got != (ssize_t)parts[i].iov_len) {
            break;
        }
    }
    return done > 0 ? (ssize_t)done : -EAGAIN;
}

static size_t parts_size(const struct iovec *parts, unsigned count)
{
    size_t size = 0;

    for (unsigned i = 0; i < count; i++) {
        size += parts[i].iov_len;
    }
    return size;
}

static ssize_t port_socket_write(struct port *port, const struct iovec *parts, unsigned count)
{
    struct port_socket *socket = socket_of(port);
    size_t done = 0;

    for (unsigned i = 0; i < count; i++) {
        ssize_t put = socket->fd < 0 || socket->gone
                          ? -1
                          : send(socket->fd, parts[i].iov_base, parts[i].iov_len,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);

        if (socket->fd < 0 || socket->gone || port_has_failed(put)) {
            return (ssize_t)parts_size(parts, count); /* No client takes them. */
        }
        done += put > 0 ? (size_t)put : 0;
        if (put != (ssize_t)parts[i].iov_len) {
            socket->blocked = true;
            port_socket_watch_client(socket);
            break;
        }
    }
    return done > 0 ? (ssize_t)done : -EAGAIN;
}

static void port_socket_watch(struct port *port, bool wanted)
{
    socket_of(port)->wanted = wanted;
    port_socket_watch_client(socket_of(port));
}

static void port_socket_guest_open(struct port *port, bool open)
{
    (void)port;
    (void)open;
}

static void port_socket_destroy(struct port *port)
{
    struct port_socket *socket = socket_of(port);

    loop_close(socket->source, socket->fd);
    listener_close(&socket->listener);
    free(socket);
}

static const struct port_ops port_socket_ops = {
    .is_open = port_socket_is_open,
    .read = port_socket_read,
    .write = port_socket_write,
    .watch = port_socket_watch,
    .guest_open = port_socket_guest_open,
    .destroy = port_socket_destroy,
};

struct port *port_socket_open(struct loop *loop, const struct port_setting *setting,
                              const struct port_guest *guest)
{
    enum { WAITING_MAX = 8 };
    struct port_socket *socket = calloc(1, sizeof(*socket));

    if (socket == NULL) {
        report("--port %s: %s", setting->name, strerror(ENOMEM));
        return NULL;
    }
    socket->port = (struct port){&port_socket_ops, *guest};
    socket->loop = loop;
    socket->fd = -1;
    const struct listener_setup setup = {
        .loop = loop,
        .option = "--port",
        .path = setting->path,
        .backlog = WAITING_MAX,
        .serve = port_socket_serve,
        .arg = socket,
    };
    if (!listener_open(&socket->listener, &setup)) {
        free(socket);
        return NULL;
    }
    return &socket->port;
}
