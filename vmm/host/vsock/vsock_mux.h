/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's end of a guest's vsock: a multiplexer on a Unix socket, as Firecracker and
 * cloud-hypervisor have it. A client connects to PATH, writes "CONNECT port\n", and reads
 * "OK hostport\n" once a program of the guest that listens to that port has the connection. A
 * program of the guest that connects to port P of CID 2 reaches the program that listens at PATH_P.
 * Streams only (virtio 1.2, 5.10).
 *
 * If the guest resets its device, its connections are gone, and their clients are hung up on. A
 * client that still waits for its OK stays: the guest gets its request when it is back. So a client
 * can connect to a guest that sleeps.
 *
 * Bounds: VSOCK_CONNECTIONS_MAX connections; for each, VSOCK_BUFFER bytes that the guest has sent and
 * the client has not taken. What a client has sent stays in its socket until the guest takes it.
 *
 * Main thread only, but for vsock_mux_forget(). The device calls with its lock held.
 */
#ifndef DORMOUSE_HOST_VSOCK_MUX_H
#define DORMOUSE_HOST_VSOCK_MUX_H

#include <linux/virtio_vsock.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "host/vsock/vsock_settings.h"

enum {
    VSOCK_CONNECTIONS_MAX = 128,
    VSOCK_BUFFER = 64 * 1024,
    VSOCK_REFUSALS_MAX =
        300, /* of a client that came by the service manager's socket, a second each */
};

struct loop;
struct vsock_mux;

/* The device's end. */
struct vsock_guest {
    void *arg;
    /* vsock_mux_give() may have a packet. Comes from the loop, without a lock. */
    void (*ready)(void *arg);
};

/* Listens. Returns NULL after report()ing one line. `settings` lives as long. */
struct vsock_mux *vsock_mux_open(struct loop *loop, const struct vsock_settings *settings,
                                 const struct vsock_guest *guest);
/* NULL is ignored. */
void vsock_mux_close(struct vsock_mux *mux);

/*
 * Takes a packet of the guest's, whose data is in `parts`. False: it cannot be taken before the
 * guest has taken answers to earlier ones. A wrong packet is answered by a reset.
 */
bool vsock_mux_take(struct vsock_mux *mux, const struct virtio_vsock_hdr *packet,
                    const struct iovec *parts, unsigned count);

/*
 * Makes the next packet for the guest: its header, and header->len bytes of data in the parts.
 * False: there is none.
 */
bool vsock_mux_give(struct vsock_mux *mux, struct virtio_vsock_hdr *packet,
                    const struct iovec *parts, unsigned count);

/* Whether a client waits for its request to reach the guest. */
bool vsock_mux_is_asking(struct vsock_mux *mux);

/* The guest has reset its device: ready() follows if a client waits. Any thread. */
void vsock_mux_forget(struct vsock_mux *mux);

#endif
