/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of virtio-net share. virtio_net.c, which sends and has the device's life, calls the
 * others: nic_receive.c, and nic_sleep.c, which calls nic_link.c. With the device's lock held unless
 * they say otherwise.
 */
#ifndef DORMOUSE_DEV_VIRTIO_NIC_PARTS_H
#define DORMOUSE_DEV_VIRTIO_NIC_PARTS_H

#include <linux/virtio_net.h>

#include "dev/virtio/virtio.h"
#include "host/net/net.h"
#include "host/net/net_wake.h"

enum nic_queue { NIC_RECEIVE, NIC_SEND, NIC_CONTROL, NIC_QUEUE_COUNT };

/* How many frames are received, or looked at, in one turn of the loop. */
enum { NIC_FRAMES_AT_ONCE = 64 };

struct nic_state {
    struct net_station station;
    uint8_t used;  /* a driver has used the device since the guest last slept */
    uint8_t slept; /* the guest has slept since a driver was last ready */
    uint8_t zero[6];
};

_Static_assert(sizeof(struct nic_state) ==
                   NET_MAC_SIZE + 2 + NET_ADDRESSES_MAX * (NET_IPV4_SIZE + NET_IPV6_SIZE) + 8,
               "no padding");

struct device {
    struct virtio virtio;
    struct nic_state state;
    struct net *net;
    struct loop_source *source;
    struct loop_source *broken; /* vhost-net has found an error; NULL without it */
    struct virtio_net_config config;
    unsigned wakes; /* a set of NET_WAKE_* */
    struct net_program *program;
    bool agreed;       /* the offloads are set as the driver has negotiated them */
    bool starved;      /* the driver gives no buffer */
    bool blocked;      /* the link takes no frame now */
    bool asleep;       /* the guest sleeps, */
    bool watching;     /* and frames wake it */
    bool woke;         /* the frame that is kept has woken the guest, or is about to */
    struct chain more; /* further buffers for a frame that one is too small for */
};

_Static_assert(offsetof(struct device, state) ==
                   offsetof(struct virtio, state) + sizeof(struct virtio_state),
               "one state, of the transport and of the network");

static inline struct queue *nic_queue(struct device *device, enum nic_queue queue)
{
    return &device->virtio.queues[queue];
}

/* Whether frames that come go to the driver from here. */
static inline bool nic_receives(struct device *device)
{
    const struct queue *queue = nic_queue(device, NIC_RECEIVE);

    return virtio_is_live(&device->virtio) && queue->state->ready && !queue->lent;
}

static inline bool nic_takes_checksums(const struct device *device)
{
    return virtio_has(&device->virtio, VIRTIO_NET_F_GUEST_CSUM);
}

static inline bool nic_takes_segments(const struct device *device)
{
    return virtio_has(&device->virtio, VIRTIO_NET_F_GUEST_TSO4) ||
           virtio_has(&device->virtio, VIRTIO_NET_F_GUEST_TSO6);
}

/* --- nic_receive.c --- */

/* Receives frames, at most NIC_FRAMES_AT_ONCE, and tells the driver. */
void nic_receive(struct device *device);

/* For the type: vhost-net has delivered frames, of which the last one stands for all. */
void nic_moved(struct device *device, unsigned queue);

/* --- nic_link.c --- */

/* Waits for what the host can do next. */
void nic_watch(struct device *device);

/* After each use of the link: lends the receive queue to vhost-net or takes it back, and watches. */
void nic_settle(struct device *device);

/* Afterwards no thread of the kernel uses a buffer of the driver. Any thread. */
void nic_take_back(struct device *device);

/* --- nic_sleep.c --- */

/* Whether a frame has come that wakes the guest; it is kept. Those before it are dropped. */
bool nic_looks(struct device *device);

/* For the class. Without the lock. */
void nic_sleep_begins(struct device *device, bool counted);
void nic_sleep_ends(struct device *device);
bool nic_wake_pending(struct device *device);

#endif
