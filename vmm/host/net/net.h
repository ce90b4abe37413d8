/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's end of a guest's network: passt, a process that speaks for the guest with ordinary
 * sockets, or a tap interface of the host. It sends and receives Ethernet frames, and never waits.
 *
 * Every frame begins with the header of virtio-net (5.1.6), NET_HEADER_SIZE bytes, in which only a
 * tap has something to say.
 *
 * Threads: one at a time; the caller's lock.
 */
#ifndef DORMOUSE_HOST_NET_NET_H
#define DORMOUSE_HOST_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "host/net/net_settings.h"

enum {
    NET_HEADER_SIZE = 12, /* of struct virtio_net_hdr_v1 */
    NET_ETHERNET_SIZE = 14,
    NET_FRAME_MAX = 65536 + 128, /* with the header: what segmentation offload makes, rounded up */
    NET_PARTS_MAX = 256,         /* that a frame may be given in */
};

struct net;
struct vhost_net;

/*
 * Starts passt or attaches to the tap. Before the sandbox. Returns 0, or -REPORTED after one line
 * that says what is missing.
 */
int net_open(const struct net_settings *settings, struct net **out);
/* Closes the host's end; passt ends then. NULL is ignored. */
void net_close(struct net *net);

/* Whether the link has ended: nothing comes and nothing goes any more. */
bool net_is_dead(const struct net *net);

/* To poll: EPOLLIN, if there may be a frame; EPOLLOUT, if a frame may be sent after -EAGAIN. */
int net_fd(const struct net *net);

/* Whether it takes and gives frames whose checksum or segmentation is left to the other side. */
bool net_has_offloads(const struct net *net);
/* What the tap may leave to the guest: bits of VIRTIO_NET_F_GUEST_*. Nothing else is heeded. */
void net_set_offloads(struct net *net, uint64_t features);
/* The kernel's side of a tap, if it can be used: it takes frames from net_fd() itself. */
struct vhost_net *net_vhost(const struct net *net);
/* The largest packet of the link; 0 if it has the usual 1500 bytes. */
unsigned net_mtu(const struct net *net);

/*
 * Sends a frame of `size` bytes in at most NET_PARTS_MAX parts. Returns 0 if it was taken, which a
 * frame that nothing could be done with is too; -EAGAIN if it was not and can be tried again later;
 * otherwise -errno: the link is dead for good, which one line has reported.
 */
int net_send(struct net *net, const struct iovec *parts, unsigned count, size_t size);
/*
 * Sends a frame that says where the guest's address is now, to one that may not have heard of it. As
 * net_send().
 */
int net_announce(struct net *net, const uint8_t mac[NET_MAC_SIZE]);
/* Sends the rest of a frame that was taken. 0, -EAGAIN, or as above. */
int net_flush(struct net *net);
/* Whether there is such a rest. */
bool net_has_unsent(const struct net *net);

/*
 * Receives a frame. Its first bytes, as many as the parts hold, are put there, and the others stay
 * for net_rest() until the next call. Returns its size; 0 if none has come; or -errno: the link is
 * dead.
 */
ssize_t net_receive(struct net *net, const struct iovec *parts, unsigned count);
/* What did not fit: the frame's bytes from `skip` on, where the parts ended. */
const uint8_t *net_rest(const struct net *net, size_t skip);
/* Puts a frame of `size` bytes that was just received, in these parts, back as the next one. */
void net_put_back(struct net *net, const struct iovec *parts, unsigned count, size_t size);

/*
 * Looks at the next frame, which stays the next one. Returns its size with *frame set until the
 * next call of a function of this header; 0 or -errno as net_receive().
 */
ssize_t net_peek(struct net *net, const uint8_t **frame);
/* Forgets the frame that was looked at or put back. */
void net_drop(struct net *net);
/* Whether a frame was looked at or put back and is still the next one: poll() does not tell. */
bool net_has_kept(const struct net *net);

#endif
