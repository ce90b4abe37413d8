/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that goes to the device or to the client comes from the loop, by an eventfd: the
 * device's lock may be held by the caller, on whatever thread.
 */
#include "host/port/port_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/report.h"
#include "core/loop.h"
#include "host/console/ring.h"
#include "host/port/port_parts.h"

_Static_assert((size_t)PORT_LINK_SIZE == (size_t)RING_SIZE,
               "the size that port_internal.h promises");

/*
 * How many bytes the client gets in one turn of the loop. A chain can name the guest's whole memory in
 * each of its buffers.
 */
enum { PORT_LINK_TURN = 64 << 10 };

struct port_link {
    struct port port;
    const struct port_client *client;
    int kick_fd;
    struct loop_source *source;
    bool wanted;    /* port_watch() */
    size_t left;    /* of PORT_LINK_TURN */
    bool blocked;   /* receive() has left bytes in the guest's queue */
    bool resumed;   /* it takes bytes again, which the device must be told */
    bool was_full;  /* port_link_send() has refused bytes */
    bool told_open; /* what opened() was called with */
    unsigned told;  /* `closed` when it was */
    struct ring ring;
    atomic_bool open;   /* by a program of the guest */
    atomic_uint closed; /* how often it was closed */
};

static struct port_link *link_of(struct port *port)
{
    return (struct port_link *)port;
}

static void port_link_kick(const struct port_link *link)
{
    (void)eventfd_write(link->kick_fd, 1); /* It fails only if 2^64 - 2 kicks are pending. */
}

static void port_link_call_opened(struct port_link *link, bool open)
{
    if (link->told_open != open) {
        link->told_open = open;
        link->client->opened(link->client->arg, open);
    }
}

/* A port that was closed and opened again since the last time is told as both. */
static void port_link_tell_open(struct port_link *link)
{
    unsigned closed = atomic_load(&link->closed);

    if (closed != link->told) {
        link->told = closed;
        port_link_call_opened(link, false);
    }
    port_link_call_opened(link, atomic_load(&link->open));
}

static void port_link_tell_sent(struct port_link *link)
{
    if (link->was_full && ring_space(&link->ring) > 0) {
        link->was_full = false;
        if (link->client->sent != NULL) {
            link->client->sent(link->client->arg);
        }
    }
}

static void port_on_kick(void *arg, uint32_t events)
{
    struct port_link *link = arg;
    const struct port_guest *guest = &link->port.guest;
    eventfd_t count;

    (void)events;
    (void)eventfd_read(link->kick_fd, &count);
    link->left = PORT_LINK_TURN;
    port_link_tell_open(link);
    if (link->wanted && link->ring.count > 0) {
        guest->readable(guest->arg);
    }
    if (link->resumed) {
        link->resumed = false;
        guest->writable(guest->arg);
    }
    port_link_tell_sent(link);
}

size_t port_link_send(struct port_link *link, const void *bytes, size_t count)
{
    size_t space = ring_space(&link->ring);
    size_t taken = count < space ? count : space;

    for (size_t i = 0; i < taken; i++) {
        ring_push(&link->ring, ((const uint8_t *)bytes)[i]);
    }
    link->was_full = taken < count;
    port_link_kick(link);
    return taken;
}

size_t port_link_waiting(const struct port_link *link)
{
    return link->ring.count;
}

void port_link_forget(struct port_link *link)
{
    ring_drop(&link->ring, link->ring.count);
    port_link_kick(link);
}

void port_link_resume(struct port_link *link)
{
    if (link->blocked) {
        link->blocked = false;
        link->resumed = true;
        port_link_kick(link);
    }
}

static bool port_link_is_open(const struct port *port)
{
    (void)port;
    return true;
}

static ssize_t port_link_read(struct port *port, const struct iovec *parts, unsigned count)
{
    struct port_link *link = link_of(port);
    size_t done = 0;

    for (unsigned i = 0; i < count; i++) {
        uint8_t *to = parts[i].iov_base;
        size_t left = parts[i].iov_len;

        while (left > 0 && link->ring.count > 0) {
            size_t size;
            const uint8_t *from = ring_front(&link->ring, &size);
            size_t step = size < left ? size : left;

            memcpy(to, from, step);
            ring_drop(&link->ring, step);
            to += step;
            left -= step;
            done += step;
        }
    }
    if (done > 0) {
        port_link_kick(link);
    }
    return done > 0 ? (ssize_t)done : -EAGAIN;
}

/* Returns how many bytes were taken. The rest follows in another turn of the loop, or at a resume. */
static size_t port_link_give(struct port_link *link, const struct iovec *part)
{
    size_t given = part->iov_len < link->left ? part->iov_len : link->left;
    size_t taken = given > 0 ? link->client->receive(link->client->arg, part->iov_base, given) : 0;

    link->left -= taken;
    link->blocked = taken < given;
    if (!link->blocked && given < part->iov_len) {
        link->resumed = true;
        port_link_kick(link);
    }
    return taken;
}

static ssize_t port_link_write(struct port *port, const struct iovec *parts, unsigned count)
{
    struct port_link *link = link_of(port);
    bool goes_on = !link->blocked;
    size_t done = 0;

    for (unsigned i = 0; i < count && goes_on; i++) {
        size_t taken = port_link_give(link, &parts[i]);

        done += taken;
        goes_on = taken == parts[i].iov_len;
    }
    return done > 0 ? (ssize_t)done : -EAGAIN;
}

static void port_link_watch(struct port *port, bool wanted)
{
    struct port_link *link = link_of(port);

    if (wanted && !link->wanted) {
        port_link_kick(link);
    }
    link->wanted = wanted;
}

static void port_link_guest_open(struct port *port, bool open)
{
    struct port_link *link = link_of(port);

    if (atomic_exchange(&link->open, open) && !open) {
        atomic_fetch_add(&link->closed, 1);
    }
    port_link_kick(link);
}

static void port_link_destroy(struct port *port)
{
    struct port_link *link = link_of(port);

    link->client->attached(link->client->arg, NULL);
    loop_close(link->source, link->kick_fd);
    free(link);
}

static const struct port_ops port_link_ops = {
    .is_open = port_link_is_open,
    .read = port_link_read,
    .write = port_link_write,
    .watch = port_link_watch,
    .guest_open = port_link_guest_open,
    .destroy = port_link_destroy,
};

static struct port *port_internal_fail(struct port_link *link, const char *name)
{
    report("port %s: %s", name, strerror(errno));
    if (link != NULL) {
        loop_close(link->source, link->kick_fd);
        free(link);
    }
    return NULL;
}

struct port *port_internal_open(struct loop *loop, const struct port_setting *setting,
                                const struct port_guest *guest)
{
    struct port_link *link = calloc(1, sizeof(*link));

    if (link == NULL) {
        return port_internal_fail(link, setting->name);
    }
    link->port = (struct port){&port_link_ops, *guest};
    link->client = setting->client;
    link->left = PORT_LINK_TURN;
    link->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (link->kick_fd < 0) {
        return port_internal_fail(link, setting->name);
    }
    link->source = loop_add(loop, link->kick_fd, EPOLLIN, port_on_kick, link);
    if (link->source == NULL) {
        return port_internal_fail(link, setting->name);
    }
    link->client->attached(link->client->arg, link);
    return &link->port;
}
