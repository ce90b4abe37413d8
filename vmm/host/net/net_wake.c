/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/net/net_wake.h"

#include <string.h>

size_t net_wake_add(struct net_wake *wake, const char *text)
{
    static const struct {
        const char *name;
        unsigned kind;
    } words[] = {
        {"any", NET_WAKE_ANY},
        {"unicast", NET_WAKE_UNICAST},
        {"arp", NET_WAKE_ARP},
        {"magic", NET_WAKE_MAGIC},
    };
    static const char bpf[] = "bpf:";
    size_t length = strcspn(text, ",");

    if (strncmp(text, bpf, strlen(bpf)) == 0) {
        wake->kinds |= NET_WAKE_BPF;
        wake->expression = text + strlen(bpf);
        return strlen(text);
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) == length && memcmp(words[i].name, text, length) == 0) {
            wake->kinds |= words[i].kind;
            return length;
        }
    }
    return 0;
}

/* Where things are in a frame: IEEE 802.3, RFC 826 (ARP), RFC 8200 (IPv6), RFC 4861 (neighbours). */
enum {
    AT_TYPE = 12,
    TYPE_IPV6 = 0x86dd,

    AT_ARP_OPERATION = 20,
    AT_ARP_SENDER = 28,
    AT_ARP_TARGET = 38,
    ARP_END = 42,
    ARP_REQUEST = 1,

    AT_IPV6_NEXT = 20,
    AT_IPV6_SOURCE = 22,
    IPV6_NEXT_ICMP = 58,
    AT_ICMP_TYPE = 54,
    AT_ICMP_TARGET = 62,
    NEIGHBOUR_END = NET_LEARN_SIZE,
    NEIGHBOUR_SOLICITATION = 135,
    NEIGHBOUR_ADVERTISEMENT = 136,
};

static unsigned frame_u16(const uint8_t *frame, size_t at)
{
    return (unsigned)frame[at] << 8 | frame[at + 1];
}

/* ARP for IPv4 on Ethernet. */
static bool frame_is_arp(const uint8_t *frame, size_t size)
{
    static const uint8_t ipv4_on_ethernet[] = {0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4};

    return size >= ARP_END &&
           memcmp(frame + AT_TYPE, ipv4_on_ethernet, sizeof(ipv4_on_ethernet)) == 0;
}

/* The type of a message of ICMPv6 that has a neighbour's address, or 0. */
static unsigned frame_neighbour(const uint8_t *frame, size_t size)
{
    if (size < NEIGHBOUR_END || frame_u16(frame, AT_TYPE) != TYPE_IPV6 ||
        frame[AT_IPV6_NEXT] != IPV6_NEXT_ICMP) {
        return 0;
    }
    unsigned type = frame[AT_ICMP_TYPE];
    return type == NEIGHBOUR_SOLICITATION || type == NEIGHBOUR_ADVERTISEMENT ? type : 0;
}

static const uint8_t no_address[NET_IPV6_SIZE];

/* Whether one of the addresses, which lie one after the other, is this one. */
static bool addresses_have(const void *addresses, const uint8_t *address, size_t size)
{
    for (size_t i = 0; i < NET_ADDRESSES_MAX; i++) {
        if (memcmp((const uint8_t *)addresses + i * size, address, size) == 0) {
            return true;
        }
    }
    return false;
}

static void addresses_add(void *addresses, uint8_t *next, const uint8_t *address, size_t size)
{
    if (memcmp(address, no_address, size) == 0 || addresses_have(addresses, address, size)) {
        return;
    }
    memcpy((uint8_t *)addresses + *next * size, address, size);
    *next = (uint8_t)((*next + 1) % NET_ADDRESSES_MAX);
}

void net_station_learn(struct net_station *station, const uint8_t *frame, size_t size)
{
    if (frame_is_arp(frame, size)) {
        addresses_add(station->ipv4, &station->next_ipv4, frame + AT_ARP_SENDER, NET_IPV4_SIZE);
        return;
    }
    unsigned type = frame_neighbour(frame, size);
    if (type == 0) {
        return;
    }
    /* A solicitation from no address asks whether another station has the address already. */
    bool target = type == NEIGHBOUR_ADVERTISEMENT ||
                  memcmp(frame + AT_IPV6_SOURCE, no_address, NET_IPV6_SIZE) == 0;
    addresses_add(station->ipv6, &station->next_ipv6,
                  frame + (target ? AT_ICMP_TARGET : AT_IPV6_SOURCE), NET_IPV6_SIZE);
}

/*
 * As long as no IPv4 address is known, every question may be for the guest. An IPv6 address is
 * known as soon as the guest uses it, because the guest must ask for it first (RFC 4862, 5.4).
 */
static bool frame_asks_for(const struct net_station *station, const uint8_t *frame, size_t size)
{
    if (frame_is_arp(frame, size)) {
        bool known = memcmp(station->ipv4[0], no_address, NET_IPV4_SIZE) != 0;

        return frame_u16(frame, AT_ARP_OPERATION) == ARP_REQUEST &&
               (!known || addresses_have(station->ipv4, frame + AT_ARP_TARGET, NET_IPV4_SIZE));
    }
    return frame_neighbour(frame, size) == NEIGHBOUR_SOLICITATION &&
           memcmp(frame + AT_ICMP_TARGET, no_address, NET_IPV6_SIZE) != 0 &&
           addresses_have(station->ipv6, frame + AT_ICMP_TARGET, NET_IPV6_SIZE);
}

enum { MAGIC_TIMES = 16, MAGIC_SIZE = NET_MAC_SIZE * (1 + MAGIC_TIMES) };

/* Six bytes of 0xff and then the MAC address 16 times, anywhere in the frame. */
static bool frame_is_magic(const struct net_station *station, const uint8_t *frame, size_t size)
{
    uint8_t magic[MAGIC_SIZE];

    memset(magic, 0xff, NET_MAC_SIZE);
    for (size_t i = 1; i <= MAGIC_TIMES; i++) {
        memcpy(magic + i * NET_MAC_SIZE, station->mac, NET_MAC_SIZE);
    }
    return memmem(frame, size, magic, sizeof(magic)) != NULL;
}

bool net_wake_matches(unsigned kinds, const struct net_program *program,
                      const struct net_station *station, const uint8_t *frame, size_t size)
{
    bool to_guest = size >= NET_MAC_SIZE && memcmp(frame, station->mac, NET_MAC_SIZE) == 0;

    return (kinds & NET_WAKE_ANY) != 0 || ((kinds & NET_WAKE_UNICAST) != 0 && to_guest) ||
           ((kinds & NET_WAKE_ARP) != 0 && frame_asks_for(station, frame, size)) ||
           ((kinds & NET_WAKE_MAGIC) != 0 && frame_is_magic(station, frame, size)) ||
           ((kinds & NET_WAKE_BPF) != 0 && net_program_selects(program, frame, size));
}
