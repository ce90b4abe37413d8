/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames wake a sleeping guest. Frames are without the header of virtio-net. */
#ifndef DORMOUSE_HOST_NET_NET_WAKE_H
#define DORMOUSE_HOST_NET_NET_WAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/net/net_settings.h"

enum net_wake_kind {
    NET_WAKE_ANY = 1u << 0,     /* every frame */
    NET_WAKE_UNICAST = 1u << 1, /* to the guest's own MAC address */
    NET_WAKE_ARP = 1u << 2,     /* the question for the MAC address of one of its IP addresses */
    NET_WAKE_MAGIC = 1u << 3,   /* a magic packet with its MAC address */
    NET_WAKE_BPF = 1u << 4,     /* what the operator's expression selects */
    /* Whoever wants to reach the guest asks for its MAC address first. */
    NET_WAKE_DEFAULT = NET_WAKE_UNICAST | NET_WAKE_ARP,
};

/*
 * Adds what `text` begins with, up to a comma or the end: any, unicast, arp or magic; bpf:EXPRESSION
 * takes all of the text. Returns how many characters these are, 0 if it is none of them.
 */
size_t net_wake_add(struct net_wake *wake, const char *text);

enum { NET_ADDRESSES_MAX = 8, NET_IPV4_SIZE = 4, NET_IPV6_SIZE = 16 };

/* The guest, as others reach it: its addresses are learnt from the frames that it sends. */
struct net_station {
    uint8_t mac[NET_MAC_SIZE];
    uint8_t next_ipv4; /* the place of the next address; the oldest are overwritten */
    uint8_t next_ipv6;
    uint8_t ipv4[NET_ADDRESSES_MAX][NET_IPV4_SIZE]; /* all zeros: there is none */
    uint8_t ipv6[NET_ADDRESSES_MAX][NET_IPV6_SIZE];
};

/* How many bytes of a frame net_station_learn() looks at. */
enum { NET_LEARN_SIZE = 78 };

/* The guest sends this frame. Its ARP and its IPv6 neighbour discovery have its IP addresses. */
void net_station_learn(struct net_station *station, const uint8_t *frame, size_t size);

struct net_program;

/*
 * Compiles an expression. Returns 0; or -REPORTED after one line with what libpcap says is wrong.
 * NULL is a program that selects nothing.
 */
int net_program_compile(const char *expression, struct net_program **out);
void net_program_free(struct net_program *program);
bool net_program_selects(const struct net_program *program, const uint8_t *frame, size_t size);

/* Whether the frame wakes the guest. */
bool net_wake_matches(unsigned kinds, const struct net_program *program,
                      const struct net_station *station, const uint8_t *frame, size_t size);

#endif
