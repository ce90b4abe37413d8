/* SPDX-License-Identifier: BSD-2-Clause */
/* What vsock_connection.c, one connection, does for vsock_mux.c, all of them. Main thread only. */
#ifndef DORMOUSE_HOST_VSOCK_PARTS_H
#define DORMOUSE_HOST_VSOCK_PARTS_H

#include <stddef.h>

#include "core/loop.h"
#include "host/vsock/vsock_mux.h"

enum vsock_state {
    VSOCK_GREETING, /* the client has not sent its CONNECT line yet */
    VSOCK_HELD,     /* the guest will get its request */
    VSOCK_ASKED,    /* the guest has got it */
    VSOCK_OPEN,
    VSOCK_DEAD, /* the guest will get a reset, then the connection is removed */
};

/* What a client has said of its CONNECT line. */
struct vsock_line {
    size_t length;
    char text[32];
};

struct vsock_connection {
    void (*ready)(void *arg); /* the connection has something for the guest, or has died */
    void *arg;
    int fd; /* the client's; -1: it has gone */
    struct loop_source *source;
    enum vsock_state state;
    struct vsock_line line;
    uint32_t host_port;
    uint32_t guest_port;
    /* Credit (5.10.6.3): counts of bytes, which wrap around. */
    uint32_t guest_buffer;    /* how much the guest keeps for its program */
    uint32_t guest_forwarded; /* how much its program has taken */
    uint32_t sent;            /* to the guest */
    uint32_t received;        /* from the guest */
    uint32_t forwarded;       /* how much of it the client has taken */
    uint32_t told;            /* `forwarded` as the guest knows it */
    uint32_t told_shutdown;   /* VIRTIO_VSOCK_SHUTDOWN_*, as the guest knows it */
    bool known;               /* the guest has heard of the connection */
    bool silent;              /* the client hears nothing when it is connected */
    unsigned refusals;        /* by the guest: its program may not listen yet */
    bool postponed;           /* the guest gets its request later */
    bool owes_response;
    bool owes_credit; /* the guest has asked for ours */
    bool readable;    /* the client may have sent something */
    bool ended;       /* the client sends no more, and all was read */
    bool deaf;        /* the client takes no more */
    bool guest_ended; /* the guest sends no more */
    bool guest_deaf;  /* the guest takes no more */
    bool passed_end;  /* the client knows that */
    uint8_t *buffer;  /* what the client has not taken yet; NULL: nothing */
    size_t buffered;
};

/* Takes over the descriptor. NULL: no memory; `fd` is closed then. */
struct vsock_connection *connection_create(struct loop *loop, int fd, enum vsock_state state,
                                           void (*ready)(void *arg), void *arg);
void connection_destroy(struct vsock_connection *connection);

/* A packet of the guest's for this connection, with its data. */
void connection_take(struct vsock_connection *connection, const struct virtio_vsock_hdr *packet,
                     const struct iovec *parts, unsigned count);

/* Fills in op, flags, len and credit of the next packet. False: there is none. */
bool connection_give(struct vsock_connection *connection, struct virtio_vsock_hdr *packet,
                     const struct iovec *parts, unsigned count);

/* Hangs up on the client. The guest gets a reset if it knows of the connection. */
void connection_kill(struct vsock_connection *connection);

/*
 * The guest refuses the connection. True: its client came by a door, and the guest is asked again after
 * connection_ask_again().
 */
bool connection_postpone(struct vsock_connection *connection);
void connection_ask_again(struct vsock_connection *connection);

/* The guest forgets everything. False: so must the host. */
bool connection_forget(struct vsock_connection *connection);

/* vsock_door.c: sockets that the service manager has opened. */
struct vsock_door {
    int fd;
    uint32_t port; /* of the guest */
    struct loop_source *source;
    void (*serve)(void *arg, int fd, uint32_t port); /* takes over a client */
    void *arg;
};
bool door_open(struct vsock_door *door, struct loop *loop);
/* While it is held, clients wait in the kernel. */
void door_hold(struct vsock_door *door, bool held);
void door_close(struct vsock_door *door);

/* vsock_ready.c: what the guest's own service manager says. */
struct vsock_ready;
/* NULL: no memory. */
struct vsock_ready *ready_open(struct loop *loop);
/* NULL is ignored. */
void ready_close(struct vsock_ready *ready);
/* A program of the guest connects. Returns the other end of its connection, or -1. */
int ready_connect(struct vsock_ready *ready);

/* vsock_greeting.c: the lines with which a connection from the host begins. */
enum vsock_greeting {
    GREETING_MORE, /* the line is not complete */
    GREETING_DONE,
    GREETING_WRONG, /* no such line, or the client has gone */
};
enum vsock_greeting greeting_read(struct vsock_line *line, int fd, uint32_t *port);
/* Tells the client that it is connected. False: it does not take it. */
bool greeting_answer(int fd, uint32_t host_port);

#endif
