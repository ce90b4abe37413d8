/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net (virtio 1.2, 5.1) with one pair of queues.
 *
 * Frames that come wait in the host (the socket of passt, the queue of the tap) until the driver
 * has a buffer for one. So while the guest sleeps nothing is lost here: its driver has reset the
 * device and gives no buffers. If the network is a wake source, the device then takes one frame
 * after the other and looks at it. One that does not wake the guest is dropped, as by a network card
 * that waits for such a frame; one that wakes the guest is kept, and it and those that came after it
 * are the first that the driver gets.
 *
 * Behind a tap, a thread of the kernel (vhost-net) may put frames into the driver's buffers instead:
 * the receive queue is lent to it while the guest is awake, from the moment when nothing is kept
 * here. What the guest sends stays here, since its addresses are learnt from that.
 */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/activity.h"
#include "core/loop.h"
#include "dev/virtio/nic_parts.h"
#include "host/net/net_wake.h"
#include "host/net/vhost_net.h"
#include "power/wake.h"

static bool nic_send_one(struct device *device, unsigned queue, const struct chain *chain)
{
    uint8_t frame[NET_HEADER_SIZE + NET_LEARN_SIZE];
    uint64_t seen = parts_read(chain_out(chain), chain->out_count, 0, frame, sizeof(frame));

    if (seen > NET_HEADER_SIZE) {
        net_station_learn(&device->state.station, frame + NET_HEADER_SIZE, seen - NET_HEADER_SIZE);
    }
    device->blocked =
        net_send(device->net, chain_out(chain), chain->out_count, chain->out_size) == -EAGAIN;
    if (device->blocked) {
        return false;
    }
    activity_note();
    activity_add(ACTIVITY_NET_SEND, seen > NET_HEADER_SIZE ? chain->out_size - NET_HEADER_SIZE : 0);
    virtio_complete(&device->virtio, queue, chain->head, 0);
    return true;
}

/* The driver has only one command: it has told others where the guest is (5.1.6.5.4). */
static bool nic_obey(struct device *device, unsigned queue, const struct chain *chain)
{
    struct virtio_net_ctrl_hdr command;
    uint8_t answer = VIRTIO_NET_ERR;
    uint64_t size = parts_read(chain_out(chain), chain->out_count, 0, &command, sizeof(command));

    if (size == sizeof(command) && command.class == VIRTIO_NET_CTRL_ANNOUNCE &&
        command.cmd == VIRTIO_NET_CTRL_ANNOUNCE_ACK) {
        device->config.status &= (uint16_t)~VIRTIO_NET_S_ANNOUNCE;
        virtio_show_config(&device->virtio);
        answer = VIRTIO_NET_OK;
    }
    uint64_t written = parts_write(chain_in(chain), chain->in_count, 0, &answer, sizeof(answer));
    virtio_complete(&device->virtio, queue, chain->head, (uint32_t)written);
    return true;
}

static void nic_notified(struct device *device, unsigned queue)
{
    if (!device->agreed) {
        device->agreed = true;
        net_set_offloads(device->net, device->virtio.features);
    }
    switch (queue) {
    case NIC_RECEIVE:
        if (nic_receives(device) && !device->watching) {
            nic_receive(device);
        }
        break;
    case NIC_SEND:
        virtio_serve(&device->virtio, queue, nic_send_one);
        break;
    default:
        virtio_serve(&device->virtio, queue, nic_obey);
        break;
    }
    nic_settle(device);
}

static void nic_resume_sending(struct device *device)
{
    if (net_flush(device->net) == 0 && device->blocked) {
        device->blocked = false;
        virtio_ring(&device->virtio, NIC_SEND);
    }
}

static void nic_on_link(void *arg, uint32_t events)
{
    struct device *device = arg;
    bool wake = false;

    virtio_lock(&device->virtio);
    if ((events & EPOLLOUT) != 0) {
        nic_resume_sending(device);
    }
    if (device->watching) {
        wake = !device->woke && nic_looks(device);
    } else if (nic_receives(device)) {
        nic_receive(device);
    }
    nic_settle(device);
    virtio_unlock(&device->virtio);

    if (wake) {
        device->virtio.env.wake(device->virtio.env.wake_arg);
    }
}

static void nic_on_broken(void *arg, uint32_t events)
{
    struct device *device = arg;

    (void)events;
    virtio_lock(&device->virtio);
    /* One of a driver before may be left. */
    bool broken = vhost_net_take_error(net_vhost(device->net));
    if (broken && nic_queue(device, NIC_RECEIVE)->lent) {
        nic_take_back(device);
        virtio_break(&device->virtio, "vhost-net finds an error in the receive queue");
        nic_settle(device);
    }
    virtio_unlock(&device->virtio);
}

/* A vCPU's thread: the main one does the rest when the queue is rung. */
static void nic_start(struct device *device)
{
    device->agreed = false;
    device->starved = false;
    device->blocked = false;
    device->state.used = true;
    if (device->state.slept && virtio_has(&device->virtio, VIRTIO_NET_F_GUEST_ANNOUNCE)) {
        device->config.status |= VIRTIO_NET_S_ANNOUNCE;
    }
    /* Linux remembers the link's state over a sleep, and reads it again only if it is told to. */
    if (device->config.status != VIRTIO_NET_S_LINK_UP) {
        virtio_config_changed(&device->virtio);
    }
    device->state.slept = false;
    virtio_ring(&device->virtio, NIC_RECEIVE);
}

/* What the driver has given before its reset is sent, as a network card would have done by now. */
static void nic_finish_sending(struct device *device)
{
    struct virtio *virtio = &device->virtio;
    unsigned left = nic_queue(device, NIC_SEND)->state->size;

    while (left > 0 && virtio_take(virtio, NIC_SEND, &virtio->chain) > 0 &&
           nic_send_one(device, NIC_SEND, &virtio->chain)) {
        left--;
    }
}

/* Here buffers of the driver are only used with the lock held, so none is in use now. */
static void nic_stop(struct device *device)
{
    nic_take_back(device);
    nic_finish_sending(device);
    device->blocked = false;
    device->config.status &= (uint16_t)~VIRTIO_NET_S_ANNOUNCE;
    nic_watch(device);
}

static void nic_be_still(struct device *device, bool still)
{
    virtio_lock(&device->virtio);
    if (still) {
        nic_take_back(device);
    } else {
        nic_settle(device);
    }
    virtio_unlock(&device->virtio);
}

/*
 * The address is the same, or the restore would have been refused. A switch may believe that the guest
 * is where it was before.
 */
static void nic_restore(struct device *device, const void *own)
{
    struct nic_state state;

    memcpy(&state, own, sizeof(state));
    state.station.next_ipv4 %= NET_ADDRESSES_MAX;
    state.station.next_ipv6 %= NET_ADDRESSES_MAX;
    memcpy(state.station.mac, device->config.mac, sizeof(state.station.mac));
    state.used = state.used != 0;
    state.slept = state.slept != 0;
    device->state = state;
    if (state.used) {
        (void)net_announce(device->net, state.station.mac);
    }
}

/* In a message the address reads as it is written, from its first byte on. */
static void nic_identify(const struct device *device, struct device_identity *identity)
{
    for (size_t i = 0; i < sizeof(device->config.mac); i++) {
        identity->number = identity->number << 8 | device->config.mac[i];
    }
    identity->what = "MAC address";
}

static const struct virtio_type nic_type = {
    .name = "virtio-net",
    .id = VIRTIO_ID_NET,
    .start = nic_start,
    .stop = nic_stop,
    .notified = nic_notified,
    .restore = nic_restore,
    .identify = nic_identify,
    .moved = nic_moved,
};

static uint64_t nic_features(const struct device *device)
{
    uint64_t features = VIRTIO_FEATURE(VIRTIO_NET_F_MAC) | VIRTIO_FEATURE(VIRTIO_NET_F_STATUS) |
                        VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF) |
                        VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ) |
                        VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE);

    if (net_has_offloads(device->net)) {
        features |=
            VIRTIO_FEATURE(VIRTIO_NET_F_CSUM) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM) |
            VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO4) | VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO6) |
            VIRTIO_FEATURE(VIRTIO_NET_F_HOST_ECN) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4) |
            VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ECN);
    }
    if (device->config.mtu != 0) {
        features |= VIRTIO_FEATURE(VIRTIO_NET_F_MTU);
    }
    return features;
}

static int nic_open_link(struct device *device, const struct net_settings *settings)
{
    const struct net_wake *wake = &settings->wake;
    int error = net_open(settings, &device->net);

    if (error != 0) {
        return error;
    }
    memcpy(device->config.mac, settings->mac, sizeof(device->config.mac));
    memcpy(device->state.station.mac, settings->mac, sizeof(device->state.station.mac));
    device->config.status = VIRTIO_NET_S_LINK_UP;
    device->config.max_virtqueue_pairs = 1;
    device->config.mtu = (uint16_t)net_mtu(device->net);
    device->wakes = wake->kinds != 0 ? wake->kinds : NET_WAKE_DEFAULT;
    return wake->expression == NULL ? 0 : net_program_compile(wake->expression, &device->program);
}

static int nic_watch_link(struct device *device, struct loop *loop)
{
    const struct vhost_net *vhost = net_vhost(device->net);

    device->source = loop_add(loop, net_fd(device->net), 0, nic_on_link, device);
    if (device->source == NULL) {
        return -errno;
    }
    if (vhost != NULL) {
        device->broken = loop_add(loop, vhost_net_error_fd(vhost), EPOLLIN, nic_on_broken, device);
    }
    return vhost == NULL || device->broken != NULL ? 0 : -errno;
}

static int nic_open(struct device *device, const struct device_env *env)
{
    int error = nic_open_link(device, env->settings);

    if (error != 0) {
        return error;
    }
    const struct virtio_setup setup = {
        .type = &nic_type,
        .features = nic_features(device),
        .config = &device->config,
        .config_size = sizeof(device->config),
        .queue_count = NIC_QUEUE_COUNT,
        .lends = net_vhost(device->net) != NULL,
    };
    error = virtio_open(&device->virtio, env, &setup);
    if (error != 0) {
        return error;
    }
    error = nic_watch_link(device, env->loop);
    if (error != 0) {
        virtio_close(&device->virtio);
    }
    return error;
}

static void nic_close(struct device *device)
{
    loop_remove(device->source);
    loop_remove(device->broken);
    net_program_free(device->program);
    net_close(device->net);
    free(device);
}

static int nic_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), nic_open, nic_close);
}

static void nic_destroy(struct device *device)
{
    nic_take_back(device);
    virtio_close(&device->virtio);
    nic_close(device);
}

static const struct device_class virtio_net = {
    VIRTIO_CLASS_FUNCTIONS,
    .state_offset = offsetof(struct virtio, state),
    .state_size = sizeof(struct virtio_state) + sizeof(struct nic_state),
    .name = "virtio-net",
    .wake_source = WAKE_NET,
    .create = nic_create,
    .destroy = nic_destroy,
    .wake_pending = nic_wake_pending,
    .sleep_begins = nic_sleep_begins,
    .sleep_ends = nic_sleep_ends,
    .be_still = nic_be_still,
};
DEVICE_REGISTER(virtio_net);
