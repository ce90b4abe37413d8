/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What serves the link: the loop, which waits for what can be done next, or vhost-net, to which the
 * receive queue is lent. A dead link is not served.
 */
#include <linux/virtio_net.h>
#include <sys/epoll.h>

#include "core/loop.h"
#include "dev/irq.h"
#include "dev/virtio/nic_parts.h"
#include "host/net/vhost_net.h"

void nic_watch(struct device *device)
{
    bool receives = nic_receives(device) && !device->starved;
    bool looks = device->watching && !device->woke;
    uint32_t events = receives || looks ? EPOLLIN : 0;

    if (device->blocked || net_has_unsent(device->net)) {
        events |= EPOLLOUT;
    }
    loop_watch(device->source, net_is_dead(device->net) ? 0 : events);
}

/* The driver sees that there is no link any more. */
static void nic_lose_link(struct device *device)
{
    if ((device->config.status & VIRTIO_NET_S_LINK_UP) != 0) {
        device->config.status &= (uint16_t)~VIRTIO_NET_S_LINK_UP;
        virtio_config_changed(&device->virtio);
    }
}

/*
 * Whether the kernel can serve the receive queue from now on. A frame that is kept must be delivered
 * first. The kernel knows only mergeable buffers as we do, and delivers all that is in the tap, also
 * what was made for a driver before that had agreed to more.
 */
static bool nic_can_lend(struct device *device)
{
    return vhost_net_works(net_vhost(device->net)) && nic_receives(device) && device->agreed &&
           !device->asleep && !net_has_kept(device->net) && !net_is_dead(device->net) &&
           virtio_has(&device->virtio, VIRTIO_NET_F_MRG_RXBUF) && nic_takes_checksums(device) &&
           nic_takes_segments(device) && irq_pulse_fd(device->virtio.env.irq) >= 0;
}

static void nic_lend(struct device *device, enum nic_queue number)
{
    struct virtio *virtio = &device->virtio;
    const struct queue *queue = nic_queue(device, number);
    const struct vhost_net_ring ring = {
        .number = number,
        .size = queue->state->size,
        .base = queue->state->next,
        .descriptors = queue->table,
        .available = queue->available,
        .used = queue->used,
        .kick = virtio->doorbells[number].fd,
        .call = irq_pulse_fd(virtio->env.irq),
    };

    virtio_lend(virtio, number);
    if (!vhost_net_start(net_vhost(device->net), virtio->env.memory, net_fd(device->net),
                         virtio->features, &ring)) {
        virtio_take_back(virtio, number, ring.base);
    }
}

void nic_take_back(struct device *device)
{
    if (nic_queue(device, NIC_RECEIVE)->lent) {
        virtio_take_back(&device->virtio, NIC_RECEIVE,
                         vhost_net_stop(net_vhost(device->net), NIC_RECEIVE));
    }
}

void nic_settle(struct device *device)
{
    if (net_is_dead(device->net)) {
        nic_lose_link(device);
    }
    if (nic_can_lend(device)) {
        nic_lend(device, NIC_RECEIVE);
    } else if (!virtio_is_live(&device->virtio) || net_is_dead(device->net)) {
        nic_take_back(device);
    }
    nic_watch(device);
}
