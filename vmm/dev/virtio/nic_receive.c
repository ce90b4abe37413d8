/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from the host's link to the driver's buffers. One that has come stays in the link until the
 * driver has room for it.
 */
#include <linux/virtio_net.h>

#include "core/activity.h"
#include "dev/virtio/nic_parts.h"

/* Where a frame goes: the heads of its chains, and how much of it is in each. */
struct nic_placement {
    unsigned count;
    uint16_t heads[QUEUE_SIZE_MAX];
    uint32_t sizes[QUEUE_SIZE_MAX];
};

static uint32_t nic_place(struct nic_placement *placement, const struct chain *chain, size_t left)
{
    uint32_t size = (uint32_t)(chain->in_size < left ? chain->in_size : left);

    placement->heads[placement->count] = chain->head;
    placement->sizes[placement->count++] = size;
    return size;
}

/* Whether the chain can hold the beginning of a frame. */
static bool nic_accepts(struct device *device, const struct chain *chain)
{
    if (chain->out_count > 0 || chain->in_size < NET_HEADER_SIZE) {
        virtio_break(&device->virtio, "a buffer for frames is too small, or cannot be written");
        return false;
    }
    return true;
}

/*
 * Takes a further chain. If the driver has made no other one available, it is asked to tell of the next: now, because
 * later the chains that were taken are back and would count as news.
 */
static bool nic_take_more(struct device *device)
{
    do {
        if (virtio_take(&device->virtio, NIC_RECEIVE, &device->more) > 0) {
            return true;
        }
    } while (virtio_is_live(&device->virtio) &&
             queue_ask_notification(nic_queue(device, NIC_RECEIVE)));
    return false;
}

/* Puts what has no room in the first chain into further ones. False: there are too few. */
static bool nic_spread(struct device *device, struct nic_placement *placement, size_t size)
{
    struct virtio *virtio = &device->virtio;
    size_t at = nic_place(placement, &virtio->chain, size);

    while (at < size) {
        if (placement->count == QUEUE_SIZE_MAX || !nic_take_more(device)) {
            return false;
        }
        if (!nic_accepts(device, &device->more)) {
            queue_put_back(nic_queue(device, NIC_RECEIVE));
            return false;
        }
        uint32_t step = nic_place(placement, &device->more, size - at);
        (void)parts_write(chain_in(&device->more), device->more.in_count, 0,
                          net_rest(device->net, at), step);
        at += step;
    }
    return true;
}

static void nic_complete(struct device *device, const struct nic_placement *placement)
{
    for (unsigned i = 0; i < placement->count; i++) {
        virtio_complete(&device->virtio, NIC_RECEIVE, placement->heads[i], placement->sizes[i]);
    }
}

/*
 * The driver's buffers are too few for this frame. It gets the frame as soon as it has added
 * buffers; if all that it can have are too few, the frame is dropped.
 */
static void nic_retract(struct device *device, const struct nic_placement *placement, size_t size)
{
    const struct chain *chain = &device->virtio.chain;
    struct queue *queue = nic_queue(device, NIC_RECEIVE);

    if (placement->count < queue->state->size) {
        net_put_back(device->net, chain_in(chain), chain->in_count, size);
        device->starved = true;
    }
    for (unsigned i = 0; i < placement->count; i++) {
        queue_put_back(queue);
    }
}

enum { NIC_NOTED_SIZE = NET_HEADER_SIZE + 1 };

/* What others send to all stations does not make a guest busy. */
static void nic_note(const uint8_t bytes[NIC_NOTED_SIZE])
{
    if ((bytes[NET_HEADER_SIZE] & 1) == 0) {
        activity_note();
    }
}

static void nic_note_chain(const struct chain *chain)
{
    uint8_t bytes[NIC_NOTED_SIZE] = {0};

    (void)parts_read(chain_in(chain), chain->in_count, 0, bytes, sizeof(bytes));
    nic_note(bytes);
}

void nic_moved(struct device *device, unsigned queue)
{
    uint8_t bytes[NIC_NOTED_SIZE] = {0};

    (void)queue_read_last(&device->virtio.queues[queue], bytes, sizeof(bytes));
    nic_note(bytes);
}

/* A frame of `size` bytes has come, the beginning of it in the chain at hand. False: wait. */
static bool nic_deliver(struct device *device, size_t size)
{
    const struct chain *chain = &device->virtio.chain;
    struct nic_placement placement = {.count = 0};

    if (size > chain->in_size && !virtio_has(&device->virtio, VIRTIO_NET_F_MRG_RXBUF)) {
        queue_put_back(nic_queue(device, NIC_RECEIVE)); /* The frame is dropped. */
        return true;
    }
    if (!nic_spread(device, &placement, size)) {
        nic_retract(device, &placement, size);
        return !device->starved && virtio_is_live(&device->virtio);
    }
    const uint8_t count[] = {(uint8_t)placement.count, (uint8_t)(placement.count >> 8)};
    (void)parts_write(chain_in(chain), chain->in_count,
                      offsetof(struct virtio_net_hdr_v1, num_buffers), count, sizeof(count));
    nic_note_chain(chain);
    activity_add(ACTIVITY_NET_RECEIVE, size > NET_HEADER_SIZE ? size - NET_HEADER_SIZE : 0);
    nic_complete(device, &placement);
    return true;
}

/* Whether the driver has agreed to what a frame's header says (5.1.6.4). */
static bool nic_agrees(const struct device *device, const struct chain *chain)
{
    uint8_t header[2]; /* flags, gso_type */

    if (!net_has_offloads(device->net)) {
        return true;
    }
    (void)parts_read(chain_in(chain), chain->in_count, 0, header, sizeof(header));
    return (nic_takes_checksums(device) || (header[0] & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0) &&
           (nic_takes_segments(device) || header[1] == VIRTIO_NET_HDR_GSO_NONE);
}

/* Receives one frame. False: no frame has come, or no buffer is left for one. */
static bool nic_receive_one(struct device *device)
{
    struct virtio *virtio = &device->virtio;
    const struct chain *chain = &virtio->chain;

    if (virtio_take(virtio, NIC_RECEIVE, &virtio->chain) <= 0) {
        device->starved = !queue_ask_notification(nic_queue(device, NIC_RECEIVE));
        return !device->starved && virtio_is_live(virtio);
    }
    device->starved = false;
    if (!nic_accepts(device, chain)) {
        return false;
    }
    ssize_t size = net_receive(device->net, chain_in(chain), chain->in_count);
    if (size <= 0) {
        queue_put_back(nic_queue(device, NIC_RECEIVE));
        return false;
    }
    device->woke = false;
    if (!nic_agrees(device, chain)) {
        queue_put_back(nic_queue(device, NIC_RECEIVE)); /* It was made for the driver before. */
        return true;
    }
    return nic_deliver(device, (size_t)size);
}

void nic_receive(struct device *device)
{
    unsigned left = NIC_FRAMES_AT_ONCE;

    queue_spare_notification(nic_queue(device, NIC_RECEIVE));
    while (left > 0 && nic_receive_one(device)) {
        left--;
    }
    virtio_tell(&device->virtio, NIC_RECEIVE);
}
