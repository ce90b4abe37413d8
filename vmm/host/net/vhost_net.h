/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost-net: a thread of the kernel moves frames between a tap and virtqueues in guest memory, in
 * place of this process. It knows the format of the tap's frames, header included, as net.h has it.
 *
 * The kernel makes its thread, which belongs to this process, at the first start, so inside the
 * sandbox and as the VM's user.
 *
 * Threads: the caller's lock protects it. vhost_net_stop() may come from any thread.
 */
#ifndef DORMOUSE_HOST_NET_VHOST_NET_H
#define DORMOUSE_HOST_NET_VHOST_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "host/net/net_settings.h"

enum { VHOST_NET_QUEUES = 2 }; /* of one pair */

struct memory;
struct vhost_net;

/* A queue, by its places in this process, which were checked to be in guest RAM. */
struct vhost_net_ring {
    unsigned number; /* below VHOST_NET_QUEUES: 0 is the guest's to receive, 1 to send */
    uint16_t size;
    uint16_t base; /* the index of the next chain */
    const void *descriptors;
    const void *available;
    void *used;
    int kick; /* an eventfd: the driver has added chains */
    int call; /* an eventfd: the driver gets an interrupt */
};

/*
 * Opens the kernel's side for a tap; before the sandbox. Returns 0, with *out NULL if it is not
 * wanted, or wanted only where there is one; or -REPORTED after one line. `label` outlives it.
 */
int vhost_net_open(const char *label, enum net_vhost wanted, struct vhost_net **out);
/* Stops everything first. NULL is ignored. */
void vhost_net_close(struct vhost_net *vhost);

/* Whether a queue can be started: NULL cannot, nor one that has failed to. */
bool vhost_net_works(const struct vhost_net *vhost);

/* Readable if the kernel has found an error in a ring; takes that, if there is one. */
int vhost_net_error_fd(const struct vhost_net *vhost);
bool vhost_net_take_error(const struct vhost_net *vhost);

/*
 * The kernel serves a queue, which it did not before, from `base` on; `features` are virtio's that
 * were negotiated. `memory` is always the same. Returns false if it cannot, and reports that once;
 * then the caller has to serve the queue, and vhost_net_works() no more.
 */
bool vhost_net_start(struct vhost_net *vhost, const struct memory *memory, int tap,
                     uint64_t features, const struct vhost_net_ring *ring);

/*
 * Takes a queue back that was started. When it returns, the kernel has finished with all chains that
 * it took, writes no guest memory and signals no eventfd; what it has taken from the tap and not
 * delivered is in the tap again. Returns the index of the next chain.
 */
uint16_t vhost_net_stop(struct vhost_net *vhost, unsigned number);

#endif
