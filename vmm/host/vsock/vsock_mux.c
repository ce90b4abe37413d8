/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/vsock/vsock_mux.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/report.h"
#include "core/delay.h"
#include "core/listener.h"
#include "host/vsock/vsock_parts.h"

enum {
    RESETS_MAX = 64,
    HOST_PORT_FIRST = 1 << 30, /* for connections from the host; programs listen to lower ones */
};

/* A reset for a packet that belongs to no connection. */
struct vsock_reset {
    uint64_t from_cid; /* the packet's destination */
    uint32_t host_port;
    uint32_t guest_port;
    uint16_t type;
};

struct vsock_mux {
    struct loop *loop;
    const struct vsock_settings *settings;
    struct vsock_guest guest;
    struct listener listener;
    struct vsock_door doors[INHERITED_MAX];
    struct delay postponed;    /* then guests are asked again */
    struct vsock_ready *ready; /* NULL: the guest's service manager is not asked to say anything */
    int forget_fd;             /* eventfd: see vsock_mux_forget() */
    struct loop_source *forget_source;
    atomic_bool forgotten;
    uint32_t next_port;
    unsigned reset_count;
    struct vsock_reset resets[RESETS_MAX];
    unsigned turn; /* which connection may give a packet next */
    unsigned count;
    struct vsock_connection *connections[VSOCK_CONNECTIONS_MAX];
};

/* While there is no room, clients wait in the kernel. */
static void mux_hold(struct vsock_mux *mux, bool held)
{
    listener_hold(&mux->listener, held);
    for (unsigned i = 0; i < mux->settings->door_count; i++) {
        door_hold(&mux->doors[i], held);
    }
}

static void mux_remove(struct vsock_mux *mux, unsigned index)
{
    connection_destroy(mux->connections[index]);
    mux->connections[index] = mux->connections[--mux->count];
    mux_hold(mux, false);
}

/* A dead connection of which the guest has never heard owes it nothing. */
static void mux_remove_unknown(struct vsock_mux *mux)
{
    for (unsigned i = mux->count; i > 0; i--) {
        const struct vsock_connection *at = mux->connections[i - 1];

        if (at->state == VSOCK_DEAD && !at->known) {
            mux_remove(mux, i - 1);
        }
    }
}

static void mux_settle(struct vsock_mux *mux)
{
    if (!atomic_exchange(&mux->forgotten, false)) {
        return;
    }
    mux->reset_count = 0;
    for (unsigned i = mux->count; i > 0; i--) {
        if (!connection_forget(mux->connections[i - 1])) {
            mux_remove(mux, i - 1);
        }
    }
}

static void mux_on_connection(void *arg)
{
    struct vsock_mux *mux = arg;

    mux_settle(mux);
    mux_remove_unknown(mux);
    mux->guest.ready(mux->guest.arg);
}

static struct vsock_connection *mux_find(const struct vsock_mux *mux, uint32_t host_port,
                                         uint32_t guest_port, unsigned *index)
{
    for (unsigned i = 0; i < mux->count; i++) {
        struct vsock_connection *at = mux->connections[i];

        if (at->state != VSOCK_GREETING && at->host_port == host_port &&
            at->guest_port == guest_port) {
            *index = i;
            return at;
        }
    }
    return NULL;
}

static bool mux_port_is_taken(const struct vsock_mux *mux, uint32_t port)
{
    for (unsigned i = 0; i < mux->count; i++) {
        if (mux->connections[i]->host_port == port) {
            return true;
        }
    }
    return false;
}

/* Ends: there are more ports than connections. */
static uint32_t mux_new_port(struct vsock_mux *mux)
{
    do {
        mux->next_port = mux->next_port < INT32_MAX ? mux->next_port + 1 : HOST_PORT_FIRST;
    } while (mux_port_is_taken(mux, mux->next_port));
    return mux->next_port;
}

/* Takes over `fd`. */
static struct vsock_connection *mux_add(struct vsock_mux *mux, int fd, enum vsock_state state)
{
    struct vsock_connection *added =
        connection_create(mux->loop, fd, state, mux_on_connection, mux);

    if (added != NULL) {
        mux->connections[mux->count++] = added;
        mux_hold(mux, mux->count == VSOCK_CONNECTIONS_MAX);
    }
    return added;
}

static void mux_serve(void *arg, int fd)
{
    struct vsock_mux *mux = arg;
    uint32_t port = mux_new_port(mux);
    struct vsock_connection *added = mux_add(mux, fd, VSOCK_GREETING);

    if (added != NULL) {
        added->host_port = port;
    }
}

/* By a door. */
static void mux_serve_door(void *arg, int fd, uint32_t port)
{
    struct vsock_mux *mux = arg;
    uint32_t host_port = mux_new_port(mux);
    struct vsock_connection *added = mux_add(mux, fd, VSOCK_HELD);

    if (added != NULL) {
        added->host_port = host_port;
        added->guest_port = port;
        added->silent = true;
        mux_on_connection(mux);
    }
}

static void mux_ask_again(void *arg)
{
    struct vsock_mux *mux = arg;

    for (unsigned i = 0; i < mux->count; i++) {
        connection_ask_again(mux->connections[i]);
    }
    mux_on_connection(mux);
}

/* The guest ends a connection, or refuses one. */
static void mux_take_reset(struct vsock_mux *mux, unsigned index)
{
    if (connection_postpone(mux->connections[index])) {
        delay_set(&mux->postponed, INT64_C(1000000000));
    } else {
        mux_remove(mux, index);
    }
}

/* Connects to the program that listens at PATH_PORT. Returns the descriptor, or -1. */
static int mux_connect(const struct vsock_mux *mux, uint32_t port)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (mux->ready != NULL && port == mux->settings->ready_port) {
        return ready_connect(mux->ready);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s_%" PRIu32, mux->settings->path,
                   port);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* A program of the guest wants to connect. False: it cannot. */
static bool mux_accept(struct vsock_mux *mux, const struct virtio_vsock_hdr *packet)
{
    int fd = mux->count < VSOCK_CONNECTIONS_MAX ? mux_connect(mux, packet->dst_port) : -1;

    if (fd < 0) {
        return false;
    }
    struct vsock_connection *added = mux_add(mux, fd, VSOCK_OPEN);
    if (added == NULL) {
        return false;
    }
    added->host_port = packet->dst_port;
    added->guest_port = packet->src_port;
    added->guest_buffer = packet->buf_alloc;
    added->guest_forwarded = packet->fwd_cnt;
    added->known = true;
    return true;
}

static void mux_add_reset(struct vsock_mux *mux, const struct virtio_vsock_hdr *packet)
{
    mux->resets[mux->reset_count++] = (struct vsock_reset){
        .from_cid = packet->dst_cid,
        .host_port = packet->dst_port,
        .guest_port = packet->src_port,
        .type = packet->type,
    };
}

/* A packet that belongs to no connection. */
static void mux_take_stray(struct vsock_mux *mux, const struct virtio_vsock_hdr *packet)
{
    bool right = packet->type == VIRTIO_VSOCK_TYPE_STREAM && packet->dst_cid == VSOCK_CID_HOST &&
                 packet->op == VIRTIO_VSOCK_OP_REQUEST && mux_accept(mux, packet);

    if (!right && packet->op != VIRTIO_VSOCK_OP_RST) {
        mux_add_reset(mux, packet);
    }
}

bool vsock_mux_take(struct vsock_mux *mux, const struct virtio_vsock_hdr *packet,
                    const struct iovec *parts, unsigned count)
{
    unsigned index;

    mux_settle(mux);
    if (mux->reset_count == RESETS_MAX) {
        return false;
    }
    if (packet->src_cid != mux->settings->cid) {
        return true; /* Not the guest's address: there is no connection to answer (5.10.6.4). */
    }
    struct vsock_connection *found = mux_find(mux, packet->dst_port, packet->src_port, &index);
    if (found == NULL || packet->dst_cid != VSOCK_CID_HOST ||
        packet->type != VIRTIO_VSOCK_TYPE_STREAM) {
        mux_take_stray(mux, packet);
    } else if (packet->op == VIRTIO_VSOCK_OP_RST) {
        mux_take_reset(mux, index);
    } else {
        connection_take(found, packet, parts, count);
    }
    return true;
}

static void mux_give_reset(struct vsock_mux *mux, struct virtio_vsock_hdr *packet)
{
    const struct vsock_reset reset = mux->resets[0];

    mux->reset_count--;
    memmove(mux->resets, mux->resets + 1, mux->reset_count * sizeof(reset));
    packet->op = VIRTIO_VSOCK_OP_RST;
    packet->src_cid = reset.from_cid;
    packet->src_port = reset.host_port;
    packet->dst_port = reset.guest_port;
    packet->type = reset.type;
}

/* The next connection in turn that has something to say. */
static bool mux_give_turn(struct vsock_mux *mux, struct virtio_vsock_hdr *packet,
                          const struct iovec *parts, unsigned count)
{
    for (unsigned i = 0; i < mux->count; i++) {
        unsigned index = mux->turn++ % mux->count;
        struct vsock_connection *at = mux->connections[index];

        if (connection_give(at, packet, parts, count)) {
            at->known = true;
            packet->src_port = at->host_port;
            packet->dst_port = at->guest_port;
            if (at->state == VSOCK_DEAD) {
                mux_remove(mux, index);
            }
            return true;
        }
    }
    return false;
}

bool vsock_mux_give(struct vsock_mux *mux, struct virtio_vsock_hdr *packet,
                    const struct iovec *parts, unsigned count)
{
    mux_settle(mux);
    mux_remove_unknown(mux);
    *packet = (struct virtio_vsock_hdr){
        .src_cid = VSOCK_CID_HOST,
        .dst_cid = mux->settings->cid,
        .type = VIRTIO_VSOCK_TYPE_STREAM,
    };
    if (mux->reset_count > 0) {
        mux_give_reset(mux, packet);
        return true;
    }
    return mux_give_turn(mux, packet, parts, count);
}

bool vsock_mux_is_asking(struct vsock_mux *mux)
{
    mux_settle(mux);
    for (unsigned i = 0; i < mux->count; i++) {
        if (mux->connections[i]->state == VSOCK_HELD) {
            return true;
        }
    }
    return false;
}

void vsock_mux_forget(struct vsock_mux *mux)
{
    atomic_store(&mux->forgotten, true);
    (void)eventfd_write(mux->forget_fd, 1); /* It fails only if 2^64 - 2 are pending. */
}

static void mux_on_forget(void *arg, uint32_t events)
{
    struct vsock_mux *mux = arg;
    eventfd_t count;

    (void)events;
    (void)eventfd_read(mux->forget_fd, &count);
    mux_on_connection(mux);
}

static bool mux_open_doors(struct vsock_mux *mux)
{
    const struct vsock_settings *settings = mux->settings;
    int error =
        settings->door_count != 0 ? delay_open(&mux->postponed, mux->loop, mux_ask_again, mux) : 0;

    for (unsigned i = 0; i < settings->door_count && error == 0; i++) {
        mux->doors[i] = (struct vsock_door){.fd = settings->doors[i].fd,
                                            .port = settings->doors[i].port,
                                            .serve = mux_serve_door,
                                            .arg = mux};
        error = door_open(&mux->doors[i], mux->loop) ? 0 : -errno;
    }
    errno = -error;
    return error == 0;
}

static bool mux_watch(struct vsock_mux *mux)
{
    if (mux->settings->ready_port != 0) {
        mux->ready = ready_open(mux->loop);
        if (mux->ready == NULL) {
            return false;
        }
    }
    mux->forget_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mux->forget_fd < 0) {
        return false;
    }
    mux->forget_source = loop_add(mux->loop, mux->forget_fd, EPOLLIN, mux_on_forget, mux);
    return mux->forget_source != NULL;
}

struct vsock_mux *vsock_mux_open(struct loop *loop, const struct vsock_settings *settings,
                                 const struct vsock_guest *guest)
{
    struct vsock_mux *mux = calloc(1, sizeof(*mux));

    if (mux == NULL) {
        report("--vsock %s: %s", settings->path, strerror(ENOMEM));
        return NULL;
    }
    *mux = (struct vsock_mux){
        .loop = loop,
        .settings = settings,
        .guest = *guest,
        .listener = LISTENER_NONE,
        .next_port = HOST_PORT_FIRST,
    };
    const struct listener_setup setup = {
        .loop = loop,
        .option = "--vsock",
        .path = settings->path,
        .backlog = VSOCK_CONNECTIONS_MAX,
        .serve = mux_serve,
        .arg = mux,
    };
    if (!mux_watch(mux)) {
        report("--vsock %s: %s", settings->path, strerror(errno));
        vsock_mux_close(mux);
        return NULL;
    }
    if (!listener_open(&mux->listener, &setup)) {
        vsock_mux_close(mux);
        return NULL;
    }
    if (!mux_open_doors(mux)) {
        report("--vsock %s: %s", settings->path, strerror(errno));
        vsock_mux_close(mux);
        return NULL;
    }
    return mux;
}

void vsock_mux_close(struct vsock_mux *mux)
{
    if (mux == NULL) {
        return;
    }
    while (mux->count > 0) {
        connection_destroy(mux->connections[--mux->count]);
    }
    for (unsigned i = 0; i < mux->settings->door_count; i++) {
        door_close(&mux->doors[i]);
    }
    delay_close(&mux->postponed);
    ready_close(mux->ready);
    listener_close(&mux->listener);
    loop_close(mux->forget_source, mux->forget_fd);
    free(mux);
}
