/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-vsock (virtio 1.2, 5.10): moves packets between the rings and the host's multiplexer
 * (host/vsock/vsock_mux.h).
 *
 * Over a sleep nothing is kept but what waits in the multiplexer: Linux resets its connections
 * before it, and its listeners survive. So there is no need for a TRANSPORT_RESET event (5.10.6.7),
 * which is for guests that do not know that their connections are gone.
 */
#include <linux/virtio_ids.h>
#include <linux/virtio_vsock.h>
#include <stdlib.h>

#include "base/report.h"
#include "core/activity.h"
#include "dev/virtio/virtio.h"
#include "host/vsock/vsock_mux.h"
#include "power/wake.h"

enum {
    VSOCK_TO_GUEST, /* queues */
    VSOCK_FROM_GUEST,
    VSOCK_EVENTS,
    VSOCK_QUEUE_COUNT,
};

struct device {
    struct virtio virtio;
    struct virtio_vsock_config config;
    struct vsock_mux *mux;
    bool held; /* the guest's next packet waits until the guest has taken an answer */
    struct iovec data[QUEUE_SIZE_MAX]; /* the parts at hand after the header */
};

/* Finds what follows the header. Returns how many parts. */
static unsigned vsock_find_data(struct device *device, const struct iovec *parts, unsigned count)
{
    size_t skip = sizeof(struct virtio_vsock_hdr);
    unsigned found = 0;

    for (unsigned i = 0; i < count; i++) {
        if (skip >= parts[i].iov_len) {
            skip -= parts[i].iov_len;
            continue;
        }
        device->data[found++] = (struct iovec){
            .iov_base = (uint8_t *)parts[i].iov_base + skip,
            .iov_len = parts[i].iov_len - skip,
        };
        skip = 0;
    }
    return found;
}

static bool vsock_serve_to_guest(struct device *device, unsigned queue, const struct chain *chain)
{
    struct virtio_vsock_hdr packet;

    if (chain->in_size < sizeof(packet)) {
        virtio_break(&device->virtio, "a buffer is too small for a packet's header");
        return false;
    }
    unsigned count = vsock_find_data(device, chain_in(chain), chain->in_count);
    if (!vsock_mux_give(device->mux, &packet, device->data, count)) {
        return false;
    }
    activity_note();
    activity_add(ACTIVITY_VSOCK_RECEIVE, packet.len);
    (void)parts_write(chain_in(chain), chain->in_count, 0, &packet, sizeof(packet));
    virtio_complete(&device->virtio, queue, chain->head, (uint32_t)sizeof(packet) + packet.len);
    if (device->held) {
        device->held = false;
        virtio_ring(&device->virtio, VSOCK_FROM_GUEST);
    }
    return true;
}

static bool vsock_serve_from_guest(struct device *device, unsigned queue, const struct chain *chain)
{
    struct virtio_vsock_hdr packet;
    uint64_t size = parts_read(chain_out(chain), chain->out_count, 0, &packet, sizeof(packet));

    if (size == sizeof(packet)) {
        unsigned count = vsock_find_data(device, chain_out(chain), chain->out_count);

        activity_note();
        if (!vsock_mux_take(device->mux, &packet, device->data, count)) {
            device->held = true;
            return false;
        }
        activity_add(ACTIVITY_VSOCK_SEND, packet.len < chain->out_size ? packet.len : 0);
    }
    virtio_complete(&device->virtio, queue, chain->head, 0);
    return true;
}

/* A packet may need an answer; an answer that is taken lets a held packet follow. */
static void vsock_notified(struct device *device, unsigned queue)
{
    if (queue == VSOCK_EVENTS) {
        return;
    }
    virtio_serve(&device->virtio, VSOCK_FROM_GUEST, vsock_serve_from_guest);
    virtio_serve(&device->virtio, VSOCK_TO_GUEST, vsock_serve_to_guest);
}

static void vsock_stop(struct device *device)
{
    device->held = false;
    vsock_mux_forget(device->mux);
}

static void vsock_identify(const struct device *device, struct device_identity *identity)
{
    identity->number = device->config.guest_cid;
    identity->what = "CID";
}

static const struct virtio_type vsock_type = {
    .name = "virtio-vsock",
    .id = VIRTIO_ID_VSOCK,
    .stop = vsock_stop,
    .notified = vsock_notified,
    .identify = vsock_identify,
};

/* A client waits, and the guest has no driver that would take its request. */
static bool vsock_wakes(struct device *device)
{
    virtio_lock(&device->virtio);
    bool live = virtio_is_live(&device->virtio);
    virtio_unlock(&device->virtio);
    return !live && vsock_mux_is_asking(device->mux);
}

static void vsock_on_ready(void *arg)
{
    struct device *device = arg;

    virtio_lock(&device->virtio);
    vsock_notified(device, VSOCK_TO_GUEST);
    virtio_unlock(&device->virtio);
    if (vsock_wakes(device)) {
        device->virtio.env.wake(device->virtio.env.wake_arg);
    }
}

static int vsock_open(struct device *device, const struct device_env *env)
{
    const struct vsock_settings *settings = env->settings;
    const struct vsock_guest guest = {.arg = device, .ready = vsock_on_ready};

    device->config.guest_cid = settings->cid;
    device->mux = vsock_mux_open(env->loop, settings, &guest);
    if (device->mux == NULL) {
        return -REPORTED;
    }
    const struct virtio_setup setup = {
        .type = &vsock_type,
        .config = &device->config,
        .config_size = sizeof(device->config),
        .queue_count = VSOCK_QUEUE_COUNT,
    };
    return virtio_open(&device->virtio, env, &setup);
}

static void vsock_close(struct device *device)
{
    vsock_mux_close(device->mux);
    free(device);
}

static int vsock_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), vsock_open, vsock_close);
}

static void vsock_destroy(struct device *device)
{
    virtio_close(&device->virtio);
    vsock_close(device);
}

static const struct device_class virtio_vsock = {
    VIRTIO_CLASS_MEMBERS,   .name = "virtio-vsock",   .wake_source = WAKE_VSOCK,
    .create = vsock_create, .destroy = vsock_destroy, .wake_pending = vsock_wakes,
};
DEVICE_REGISTER(virtio_vsock);
