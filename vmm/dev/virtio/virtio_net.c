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
#include "dev/irq.h"
#include "dev/virtio/virtio.h"
#include "host/net/net.h"
#include "host/net/net_wake.h"
#include "host/net/vhost_net.h"
#include "power/wake.h"

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

static struct queue *nic_queue(struct device *device, enum nic_queue queue)
{
    return &device->virtio.queues[queue];
}

/* Whether frames that come go to the driver from here. */
static bool nic_receives(struct device *device)
{
    const struct queue *queue = nic_queue(device, NIC_RECEIVE);

    return virtio_is_live(&device->virtio) && queue->state->ready && !queue->lent;
}

/* Waits for what the host can do next. */
static void nic_watch(struct device *device)
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
 * Takes a further chain. If there is none, the driver is asked to tell of the next one: not later,
 * when the chains that were taken are back and would count as news.
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

/* vhost-net has delivered frames, of which the last one stands for all. */
static void nic_moved(struct device *device, unsigned queue)
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
    nic_complete(device, &placement);
    return true;
}

static bool nic_takes_checksums(const struct device *device)
{
    return virtio_has(&device->virtio, VIRTIO_NET_F_GUEST_CSUM);
}

static bool nic_takes_segments(const struct device *device)
{
    return virtio_has(&device->virtio, VIRTIO_NET_F_GUEST_TSO4) ||
           virtio_has(&device->virtio, VIRTIO_NET_F_GUEST_TSO6);
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

/* Receives one frame. False: there is none, or no buffer for one. */
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

static void nic_receive(struct device *device)
{
    unsigned left = NIC_FRAMES_AT_ONCE;

    queue_spare_notification(nic_queue(device, NIC_RECEIVE));
    while (left > 0 && nic_receive_one(device)) {
        left--;
    }
    virtio_tell(&device->virtio, NIC_RECEIVE);
}

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

/* Afterwards no thread of the kernel uses a buffer of the driver. Any thread. */
static void nic_take_back(struct device *device)
{
    if (nic_queue(device, NIC_RECEIVE)->lent) {
        virtio_take_back(&device->virtio, NIC_RECEIVE,
                         vhost_net_stop(net_vhost(device->net), NIC_RECEIVE));
    }
}

/* After each use of the link. */
static void nic_settle(struct device *device)
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

/* Whether a frame has come that wakes the guest; it is kept. Those before it are dropped. */
static bool nic_looks(struct device *device)
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

/*
 * Frames wake only a guest that has used the network since it slept before. A frame that has woken
 * it once and that it has not taken is dropped: otherwise it could never sleep again.
 */
static void nic_sleep_begins(struct device *device, bool counted)
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

static void nic_sleep_ends(struct device *device)
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

static bool nic_wake_pending(struct device *device)
{
    virtio_lock(&device->virtio);
    bool pending = device->watching && nic_looks(device);
    nic_settle(device);
    virtio_unlock(&device->virtio);
    return pending;
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
};
DEVICE_REGISTER(virtio_net);
