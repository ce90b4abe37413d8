/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection: a client's socket on one side, packets on the other. A client is read only into
 * packets for which the guest has room; what a client does not take is kept, up to the credit that
 * the guest has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "host/vsock/vsock_parts.h"

/* How many bytes the guest takes now. It may have said nonsense. */
static uint32_t connection_credit(const struct vsock_connection *connection)
{
    uint32_t under_way = connection->sent - connection->guest_forwarded;

    return under_way < connection->guest_buffer ? connection->guest_buffer - under_way : 0;
}

static bool connection_may_read(const struct vsock_connection *connection)
{
    return connection->state == VSOCK_OPEN && connection->fd >= 0 && !connection->ended &&
           !connection->guest_deaf && connection_credit(connection) > 0;
}

/* What the client sends now is for later, so only its end would be news. */
static bool connection_awaits_end(const struct vsock_connection *connection)
{
    return !connection->deaf && (!connection->readable || connection->ended ||
                                 connection->guest_deaf || connection->state != VSOCK_OPEN);
}

/* EPOLLPRI never comes on such a socket, but with it the loop reports a hang-up. */
static void connection_watch(struct vsock_connection *connection)
{
    uint32_t events = connection_awaits_end(connection) ? EPOLLPRI : 0;

    if (connection->source == NULL) {
        return;
    }
    if (connection->state == VSOCK_GREETING ||
        (connection_may_read(connection) && !connection->readable)) {
        events |= EPOLLIN;
    }
    if (connection->buffered > 0) {
        events |= EPOLLOUT;
    }
    loop_watch(connection->source, events);
}

static void connection_drop_client(struct vsock_connection *connection)
{
    loop_close(connection->source, connection->fd);
    connection->source = NULL;
    connection->fd = -1;
    free(connection->buffer);
    connection->buffer = NULL;
    connection->buffered = 0;
}

void connection_kill(struct vsock_connection *connection)
{
    connection_drop_client(connection);
    connection->state = VSOCK_DEAD;
}

/* The client takes nothing any more: what the guest sends is dropped. */
static void connection_deafen(struct vsock_connection *connection)
{
    connection->deaf = true;
    connection->forwarded += (uint32_t)connection->buffered;
    free(connection->buffer);
    connection->buffer = NULL;
    connection->buffered = 0;
}

/* Writes what the client takes now. */
static size_t connection_write(struct vsock_connection *connection, const uint8_t *bytes,
                               size_t size)
{
    ssize_t put = send(connection->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        connection_deafen(connection);
    }
    connection->forwarded += put > 0 ? (uint32_t)put : 0;
    return put > 0 ? (size_t)put : 0;
}

/* The guest has ended its side, and the client has got all of it. */
static void connection_pass_end(struct vsock_connection *connection)
{
    if (connection->state != VSOCK_OPEN || !connection->guest_ended || connection->buffered > 0) {
        return;
    }
    if (connection->guest_deaf) {
        connection_kill(connection); /* The reset is the answer that the guest waits for. */
    } else if (!connection->passed_end && connection->fd >= 0) {
        connection->passed_end = true;
        shutdown(connection->fd, SHUT_WR);
    }
}

static void connection_flush(struct vsock_connection *connection)
{
    size_t put = connection_write(connection, connection->buffer, connection->buffered);

    if (connection->deaf) {
        return; /* There is no buffer any more. */
    }
    connection->buffered -= put;
    memmove(connection->buffer, connection->buffer + put, connection->buffered);
    if (connection->buffered == 0) {
        free(connection->buffer);
        connection->buffer = NULL;
    }
}

static void connection_greet(struct vsock_connection *connection)
{
    switch (greeting_read(&connection->line, connection->fd, &connection->guest_port)) {
    case GREETING_MORE:
        return;
    case GREETING_DONE:
        connection->state = VSOCK_HELD;
        return;
    case GREETING_WRONG:
    default:
        connection_kill(connection);
    }
}

/* The client has closed. What it has sent before is still for the guest. */
static void connection_hang_up(struct vsock_connection *connection)
{
    if (connection->state != VSOCK_OPEN) {
        connection_kill(connection);
        return;
    }
    connection->readable = true;
    connection->ended = connection->ended || connection->guest_deaf;
    connection_deafen(connection);
}

static void connection_on_client(void *arg, uint32_t events)
{
    struct vsock_connection *connection = arg;

    if (connection->state == VSOCK_GREETING) {
        connection_greet(connection);
    } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        connection_hang_up(connection);
    } else {
        connection->readable = connection->readable || (events & EPOLLIN) != 0;
        if ((events & EPOLLOUT) != 0 && connection->buffered > 0) {
            connection_flush(connection);
        }
    }
    connection_pass_end(connection);
    connection_watch(connection);
    connection->ready(connection->arg);
}

struct vsock_connection *connection_create(struct loop *loop, int fd, enum vsock_state state,
                                           void (*ready)(void *arg), void *arg)
{
    struct vsock_connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        loop_close(NULL, fd);
        return NULL;
    }
    connection->ready = ready;
    connection->arg = arg;
    connection->fd = fd;
    connection->state = state;
    connection->owes_response = state == VSOCK_OPEN;
    connection->source = loop_add(loop, fd, 0, connection_on_client, connection);
    if (connection->source == NULL) {
        connection_destroy(connection);
        return NULL;
    }
    connection_watch(connection);
    return connection;
}

void connection_destroy(struct vsock_connection *connection)
{
    connection_drop_client(connection);
    free(connection);
}

/* Keeps the rest for the client. False: no memory. */
static bool connection_keep(struct vsock_connection *connection, const uint8_t *bytes, size_t size)
{
    if (connection->buffer == NULL) {
        connection->buffer = malloc(VSOCK_BUFFER);
    }
    if (connection->buffer == NULL) {
        return false;
    }
    memcpy(connection->buffer + connection->buffered, bytes, size);
    connection->buffered += size;
    return true;
}

static bool connection_take_part(struct vsock_connection *connection, const uint8_t *bytes,
                                 size_t size)
{
    size_t put = 0;

    connection->received += (uint32_t)size;
    if (!connection->deaf && connection->buffered == 0) {
        put = connection_write(connection, bytes, size);
    }
    if (connection->deaf) {
        connection->forwarded = connection->received;
        return true;
    }
    return put == size || connection_keep(connection, bytes + put, size - put);
}

/* False: the guest has sent more than its credit, or the packet is shorter than it says. */
static bool connection_take_data(struct vsock_connection *connection, uint32_t size,
                                 const struct iovec *parts, unsigned count)
{
    uint32_t kept = connection->received - connection->forwarded;

    if (size > VSOCK_BUFFER - kept || connection->guest_ended) {
        return false;
    }
    for (unsigned i = 0; i < count && size > 0; i++) {
        size_t step = parts[i].iov_len < size ? parts[i].iov_len : size;

        if (!connection_take_part(connection, parts[i].iov_base, step)) {
            return false;
        }
        size -= (uint32_t)step;
    }
    return size == 0;
}

static bool connection_take_shutdown(struct vsock_connection *connection, uint32_t flags)
{
    connection->guest_ended = connection->guest_ended || (flags & VIRTIO_VSOCK_SHUTDOWN_SEND) != 0;
    connection->guest_deaf = connection->guest_deaf || (flags & VIRTIO_VSOCK_SHUTDOWN_RCV) != 0;
    return true;
}

static bool connection_take_response(struct vsock_connection *connection)
{
    if (connection->state != VSOCK_ASKED) {
        return false;
    }
    connection->state = VSOCK_OPEN;
    return connection->silent || greeting_answer(connection->fd, connection->host_port);
}

static bool connection_take_open(struct vsock_connection *connection,
                                 const struct virtio_vsock_hdr *packet, const struct iovec *parts,
                                 unsigned count)
{
    switch (packet->op) {
    case VIRTIO_VSOCK_OP_RW:
        return connection_take_data(connection, packet->len, parts, count);
    case VIRTIO_VSOCK_OP_SHUTDOWN:
        return connection_take_shutdown(connection, packet->flags);
    case VIRTIO_VSOCK_OP_CREDIT_REQUEST:
        connection->owes_credit = true;
        return true;
    case VIRTIO_VSOCK_OP_CREDIT_UPDATE:
        return true;
    default:
        return false;
    }
}

void connection_take(struct vsock_connection *connection, const struct virtio_vsock_hdr *packet,
                     const struct iovec *parts, unsigned count)
{
    bool right;

    connection->guest_buffer = packet->buf_alloc;
    connection->guest_forwarded = packet->fwd_cnt;
    if (packet->op == VIRTIO_VSOCK_OP_RESPONSE) {
        right = connection_take_response(connection);
    } else {
        right = connection->state == VSOCK_OPEN &&
                connection_take_open(connection, packet, parts, count);
    }
    if (!right) {
        connection_kill(connection);
    }
    connection_pass_end(connection);
    connection_watch(connection);
}

/* The guest is told before its credit runs out, but not for each byte. */
static bool connection_owes_credit(const struct vsock_connection *connection)
{
    return connection->owes_credit || connection->forwarded - connection->told >= VSOCK_BUFFER / 2;
}

/* Reads the client into a packet. Returns how many bytes, or 0. */
static uint32_t connection_read(struct vsock_connection *connection, const struct iovec *part)
{
    uint32_t credit = connection_credit(connection);
    size_t room = part->iov_len < credit ? part->iov_len : credit;
    size_t size = room < VSOCK_BUFFER ? room : VSOCK_BUFFER;
    ssize_t got = recv(connection->fd, part->iov_base, size, MSG_DONTWAIT);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        connection->ended = true;
    } else if (got < 0) {
        connection->readable = false;
    }
    connection->sent += got > 0 ? (uint32_t)got : 0;
    return got > 0 ? (uint32_t)got : 0;
}

static bool connection_give_data(struct vsock_connection *connection,
                                 struct virtio_vsock_hdr *packet, const struct iovec *parts,
                                 unsigned count)
{
    if (!connection->readable || !connection_may_read(connection) || count == 0) {
        return false;
    }
    packet->op = VIRTIO_VSOCK_OP_RW;
    packet->len = connection_read(connection, &parts[0]);
    return packet->len > 0;
}

/* What the client has ended: what the guest need not send any more, or will not get. */
static uint32_t connection_shutdown(const struct vsock_connection *connection)
{
    if (!connection->ended) {
        return 0;
    }
    return connection->deaf ? VIRTIO_VSOCK_SHUTDOWN_SEND | VIRTIO_VSOCK_SHUTDOWN_RCV
                            : VIRTIO_VSOCK_SHUTDOWN_SEND;
}

static bool connection_give_open(struct vsock_connection *connection,
                                 struct virtio_vsock_hdr *packet, const struct iovec *parts,
                                 unsigned count)
{
    if (connection->owes_response) {
        connection->owes_response = false;
        packet->op = VIRTIO_VSOCK_OP_RESPONSE;
    } else if (connection_give_data(connection, packet, parts, count)) {
        return true;
    } else if (connection_shutdown(connection) != connection->told_shutdown) {
        connection->told_shutdown = connection_shutdown(connection);
        packet->op = VIRTIO_VSOCK_OP_SHUTDOWN;
        packet->flags = connection->told_shutdown;
        if (connection->deaf) {
            connection_drop_client(connection);
        }
    } else if (connection_owes_credit(connection)) {
        packet->op = VIRTIO_VSOCK_OP_CREDIT_UPDATE;
    } else {
        return false;
    }
    return true;
}

bool connection_give(struct vsock_connection *connection, struct virtio_vsock_hdr *packet,
                     const struct iovec *parts, unsigned count)
{
    bool given = true;

    switch (connection->state) {
    case VSOCK_HELD:
        if (connection->postponed) {
            return false;
        }
        connection->state = VSOCK_ASKED;
        packet->op = VIRTIO_VSOCK_OP_REQUEST;
        break;
    case VSOCK_DEAD:
        packet->op = VIRTIO_VSOCK_OP_RST;
        break;
    case VSOCK_OPEN:
        given = connection_give_open(connection, packet, parts, count);
        break;
    case VSOCK_GREETING:
    case VSOCK_ASKED:
    default:
        return false;
    }
    packet->buf_alloc = VSOCK_BUFFER;
    packet->fwd_cnt = connection->forwarded;
    if (given) {
        connection->told = connection->forwarded;
        connection->owes_credit = false;
    }
    connection_watch(connection);
    return given;
}

/* A guest that was started for this client takes its time; one that never listens does not hold it for ever. */
bool connection_postpone(struct vsock_connection *connection)
{
    if (!connection->silent || connection->state != VSOCK_ASKED ||
        ++connection->refusals > VSOCK_REFUSALS_MAX) {
        return false;
    }
    connection->state = VSOCK_HELD;
    connection->postponed = true;
    connection->known = false;
    return true;
}

void connection_ask_again(struct vsock_connection *connection)
{
    connection->postponed = false;
}

bool connection_forget(struct vsock_connection *connection)
{
    if (connection->state == VSOCK_ASKED) {
        connection->state = VSOCK_HELD;
    }
    connection->known = false;
    return connection->state == VSOCK_GREETING || connection->state == VSOCK_HELD;
}
