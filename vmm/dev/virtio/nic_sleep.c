/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest sleeps: frames are looked at, and one may wake it.
 *
 * Frames wake only a guest that has used the network since it slept before. A frame that has woken
 * it once and that it has not taken is dropped: otherwise it could never sleep again.
 */
#include "dev/virtio/nic_parts.h"
#include "host/net/net_wake.h"

bool nic_looks(struct device *device)
{
    const uint8_t *frame;

    for (unsigned i = 0; i < NIC_FRAMES_AT_ONCE && !device->woke; i++) {
        ssize_t size = net_peek(device->net, &frame);
        if (size <= 0) {
            return false;
        }
        device->woke = net_wake_matches(device->wakes, device->program, &device->state.station,
                                        frame + NET_HEADER_SIZE, (size_t)size - NET_HEADER_SIZE);
        if (!device->woke) {
            net_drop(device->net);
        }
    }
    return device->woke;
}

void nic_sleep_begins(struct device *device, bool counted)
{
    virtio_lock(&device->virtio);
    nic_take_back(device);
    device->asleep = true;
    device->watching = counted && device->state.used && !net_is_dead(device->net);
    if (device->woke) {
        net_drop(device->net);
    }
    device->woke = false;
    device->state.slept = true;
    nic_watch(device);
    virtio_unlock(&device->virtio);
}

void nic_sleep_ends(struct device *device)
{
    virtio_lock(&device->virtio);
    device->asleep = false;
    device->watching = false;
    device->state.used = false;
    nic_settle(device);
    /* A device that was not reset has frames to deliver. */
    virtio_ring(&device->virtio, NIC_RECEIVE);
    virtio_unlock(&device->virtio);
}

bool nic_wake_pending(struct device *device)
{
    virtio_lock(&device->virtio);
    bool pending = device->watching && nic_looks(device);
    nic_settle(device);
    virtio_unlock(&device->virtio);
    return pending;
}
