/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame that says where a guest is: a request of RARP (RFC 903), which QEMU sends after a
 * migration. It asks for nothing, but a switch or passt knows the sender's address from then on.
 */
#include <string.h>

#include "host/net/net_parts.h"

/* Its fields, by their offsets. */
enum {
    ANNOUNCE_TO = 0,
    ANNOUNCE_FROM = 6,
    ANNOUNCE_TYPE = 12,
    ANNOUNCE_SENDER = 22,
    ANNOUNCE_TARGET = 32,
};

/* RARP; Ethernet and IPv4, with addresses of 6 and 4 bytes; a request. */
static const uint8_t announce_type[] = {0x80, 0x35, 0, 1, 8, 0, NET_MAC_SIZE, 4, 0, 3};

void announce_make(uint8_t bytes[NET_ANNOUNCE_SIZE], const uint8_t mac[NET_MAC_SIZE])
{
    uint8_t *frame = bytes + NET_HEADER_SIZE;

    memset(bytes, 0, NET_ANNOUNCE_SIZE);
    memset(frame + ANNOUNCE_TO, 0xff, NET_MAC_SIZE);
    memcpy(frame + ANNOUNCE_FROM, mac, NET_MAC_SIZE);
    memcpy(frame + ANNOUNCE_TYPE, announce_type, sizeof(announce_type));
    memcpy(frame + ANNOUNCE_SENDER, mac, NET_MAC_SIZE);
    memcpy(frame + ANNOUNCE_TARGET, mac, NET_MAC_SIZE);
}
