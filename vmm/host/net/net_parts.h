/* SPDX-License-Identifier: BSD-2-Clause */
/* What net.c shares with the kinds of links, passt.c and tap.c. */
#ifndef DORMOUSE_HOST_NET_NET_PARTS_H
#define DORMOUSE_HOST_NET_NET_PARTS_H

#include "host/net/net.h"

struct net_kind {
    /* As net_receive(), without a frame that is kept; `room`: how many bytes the parts hold. */
    ssize_t (*receive)(struct net *net, const struct iovec *parts, unsigned count, size_t room);
    int (*send)(struct net *net, const struct iovec *parts, unsigned count, size_t size);
    int (*flush)(struct net *net);                            /* NULL: a frame is sent whole */
    void (*set_offloads)(struct net *net, uint64_t features); /* NULL: it has none */
};

enum { NET_PREFIX_SIZE = 4 }; /* of a frame in passt's stream: its length, big-endian */

struct net {
    const struct net_kind *kind;
    const char *label; /* for messages: "--net user" */
    int fd;            /* does not block */
    int dead;          /* -errno of a link that has ended */
    unsigned mtu;
    struct vhost_net *vhost; /* NULL: there is none */
    char label_text[NET_TAP_SIZE + 16];

    /* passt's stream: a frame whose prefix has come, and of which `come` bytes are in `buffer`. */
    uint8_t prefix[NET_PREFIX_SIZE];
    size_t prefix_come;
    size_t come;
    /* And the end of a frame that the stream has taken in part. */
    size_t unsent_at;
    size_t unsent_end;

    size_t kept; /* size of the frame in `buffer` that is the next one; 0: there is none */
    uint8_t buffer[NET_FRAME_MAX];
    uint8_t unsent[NET_PREFIX_SIZE + NET_FRAME_MAX];
};

/* The link has ended: reports one line, `why` is a phrase. Returns `error`. */
int net_end(struct net *net, int error, const char *why);

enum { NET_ANNOUNCE_SIZE = NET_HEADER_SIZE + 60 }; /* no frame is shorter */

/* The frame that says where a guest is, with its header. */
void announce_make(uint8_t bytes[NET_ANNOUNCE_SIZE], const uint8_t mac[NET_MAC_SIZE]);

/* passt behind a connected socket, which `net` owns from now on. */
void passt_attach(struct net *net, int fd);
/* 0, or -REPORTED after one line. */
int passt_start(struct net *net, const struct net_settings *settings);
int tap_attach(struct net *net, const struct net_settings *settings);

#endif
