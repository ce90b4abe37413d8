/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator asked for: the values of --net. */
#ifndef DORMOUSE_HOST_NET_NET_SETTINGS_H
#define DORMOUSE_HOST_NET_NET_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    NET_DEVICES_MAX = 8,
    NET_FORWARDS_MAX = 16,
    NET_FORWARD_SIZE = 64,
    NET_TAP_SIZE = 16, /* of an interface's name, with its NUL */
    NET_MAC_SIZE = 6,
};

/* Who moves a tap's frames: the kernel (vhost-net) if it can, in any case, or never. */
enum net_vhost { NET_VHOST_AUTO, NET_VHOST_ON, NET_VHOST_OFF };

/* Which frames wake the guest. */
struct net_wake {
    unsigned kinds;         /* a set of NET_WAKE_* (net_wake.h); 0: NET_WAKE_DEFAULT */
    const char *expression; /* of NET_WAKE_BPF, in the language of tcpdump; or NULL */
};

/* Connections to a port of the host that passt hands to the guest. */
struct net_forward {
    bool udp;
    char spec[NET_FORWARD_SIZE]; /* as passt's -t and -u take it */
};

struct net_settings {
    char tap[NET_TAP_SIZE]; /* the interface's name; empty: passt */
    enum net_vhost vhost;
    uint8_t mac[NET_MAC_SIZE];
    bool mac_given;
    unsigned forward_count;
    struct net_forward forwards[NET_FORWARDS_MAX];
    struct net_wake wake; /* the same for all devices, from --wake */
};

struct net_list {
    unsigned count;
    struct net_settings at[NET_DEVICES_MAX];
};

/*
 * Gives each device without a MAC address one that follows from the VM's name, the device's number
 * and the tap's name, so that it is the same at each start. It is locally administered (IEEE 802c).
 */
void net_choose_macs(struct net_list *list, const char *name);

#endif
