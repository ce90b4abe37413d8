/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/virtio/virtio.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/report.h"
#include "core/activity.h"
#include "core/loop.h"
#include "dev/irq.h"
#include "dev/virtio/virtio_parts.h"

/* Unless the device is held, a thread has the lock for a moment only. */
bool virtio_enter(struct virtio *virtio)
{
    enum { LOOK_AGAIN_NS = 1000000, SECOND_NS = 1000000000 };

    while (!__atomic_load_n(&virtio->held, __ATOMIC_ACQUIRE)) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_AGAIN_NS;
        if (until.tv_nsec >= SECOND_NS) {
            until.tv_sec++;
            until.tv_nsec -= SECOND_NS;
        }
        if (pthread_mutex_clocklock(&virtio->lock, CLOCK_MONOTONIC, &until) == 0) {
            return true;
        }
    }
    return false;
}

bool virtio_is_live(const struct virtio *virtio)
{
    uint32_t both = VIRTIO_CONFIG_S_DRIVER_OK | VIRTIO_CONFIG_S_NEEDS_RESET;

    return (virtio->state.status & both) == VIRTIO_CONFIG_S_DRIVER_OK;
}

static void virtio_interrupt(struct virtio *virtio, uint32_t reason)
{
    if ((virtio->state.interrupts & reason) != reason) {
        virtio->state.interrupts |= reason;
        registers_show_state(virtio);
    }
    irq_pulse(virtio->env.irq);
}

void virtio_config_changed(struct virtio *virtio)
{
    virtio->state.generation++;
    registers_show_config(virtio);
    if (virtio_is_live(virtio)) {
        virtio_interrupt(virtio, VIRTIO_MMIO_INT_CONFIG);
    }
}

void virtio_show_config(struct virtio *virtio)
{
    registers_show_config(virtio);
}

void virtio_fail(struct virtio *virtio)
{
    bool was_live = virtio_is_live(virtio);

    virtio->state.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
    registers_show_state(virtio);
    if (was_live) {
        virtio_interrupt(virtio, VIRTIO_MMIO_INT_CONFIG);
    }
}

void virtio_break(struct virtio *virtio, const char *fault)
{
    virtio_fail(virtio);
    if (!virtio->blamed) {
        virtio->blamed = true;
        report("%s: the guest's driver is at fault: %s; the device stands still until the driver "
               "resets it",
               virtio->type->name, fault);
    }
}

int virtio_take(struct virtio *virtio, unsigned queue, struct chain *chain)
{
    if (!virtio_is_live(virtio)) {
        return 0;
    }
    int taken = queue_take(&virtio->queues[queue], chain);
    if (taken < 0) {
        virtio_break(virtio, virtio->queues[queue].fault);
        return 0;
    }
    return taken;
}

void virtio_complete(struct virtio *virtio, unsigned queue, uint16_t head, uint32_t written)
{
    activity_note();
    queue_complete(&virtio->queues[queue], head, written);
}

void virtio_tell(struct virtio *virtio, unsigned queue)
{
    if (virtio_is_live(virtio) && queue_wants_interrupt(&virtio->queues[queue])) {
        virtio_interrupt(virtio, VIRTIO_MMIO_INT_VRING);
    }
}

void virtio_pass_interrupt(struct virtio *virtio)
{
    if (virtio_is_live(virtio)) {
        activity_note();
        virtio_interrupt(virtio, VIRTIO_MMIO_INT_VRING);
    }
}

void virtio_ring(struct virtio *virtio, unsigned queue)
{
    if (queue < virtio->queue_count) {
        /* It cannot fail: the guest cannot ring often enough to fill the counter. */
        (void)eventfd_write(virtio->doorbells[queue].fd, 1);
    }
}

void virtio_look_at_lent(struct virtio *virtio)
{
    for (unsigned i = 0; i < virtio->queue_count && virtio->lent_count > 0; i++) {
        struct queue *queue = &virtio->queues[i];

        if (queue->lent && queue_has_moved(queue) && virtio->type->moved != NULL) {
            virtio->type->moved(virtio_device(virtio), i);
        }
    }
}

void virtio_lend(struct virtio *virtio, unsigned queue)
{
    queue_lend(&virtio->queues[queue]);
    virtio->lent_count++;
    registers_show_state(virtio);
    loop_watch(virtio->doorbells[queue].source, 0);
}

/* The driver may not have handled the last interrupts yet. */
void virtio_take_back(struct virtio *virtio, unsigned queue, uint16_t next)
{
    queue_take_back(&virtio->queues[queue], next);
    virtio->lent_count--;
    virtio->state.interrupts |= VIRTIO_MMIO_INT_VRING;
    registers_show_state(virtio);
    loop_watch(virtio->doorbells[queue].source, EPOLLIN | EPOLLET);
    virtio_ring(virtio, queue);
}

/* Serves chains until there is none, none can be served, or this turn's share is done. */
static bool virtio_serve_turn(struct virtio *virtio, unsigned queue, virtio_serve_fn *serve,
                              unsigned *left)
{
    for (; *left > 0 && virtio_take(virtio, queue, &virtio->chain) > 0; --*left) {
        if (!serve(virtio_device(virtio), queue, &virtio->chain)) {
            queue_put_back(&virtio->queues[queue]);
            return false;
        }
    }
    return *left > 0 && virtio_is_live(virtio); /* serve() may have broken the device */
}

void virtio_serve(struct virtio *virtio, unsigned queue, virtio_serve_fn *serve)
{
    struct queue *ring = &virtio->queues[queue];
    unsigned left = ring->state->size;
    bool again;

    if (!virtio_is_live(virtio) || !ring->state->ready) {
        return;
    }
    queue_spare_notification(ring);
    /* A chain that comes after the last look and before the wish for a notification has none. */
    do {
        again = virtio_serve_turn(virtio, queue, serve, &left) && queue_ask_notification(ring);
    } while (again);
    if (left == 0) {
        virtio_ring(virtio, queue);
    }
    virtio_tell(virtio, queue);
}

void virtio_set_features(struct virtio *virtio, uint32_t half, uint32_t bits)
{
    struct virtio_state *state = &virtio->state;
    unsigned shift = half == 0 ? 0 : 32;

    if (half > 1) {
        return;
    }
    state->driver_features &= ~(UINT64_C(0xffffffff) << shift);
    state->driver_features |= (uint64_t)bits << shift;
}

/* Whether the driver's choice is acceptable (2.2, 6.1). */
static bool virtio_accepts(const struct virtio *virtio)
{
    uint64_t wanted = virtio->state.driver_features;

    return (wanted & ~virtio->offered) == 0 && (wanted & VIRTIO_FEATURE(VIRTIO_F_VERSION_1)) != 0;
}

static void virtio_queue_start(struct virtio *virtio, struct queue *queue)
{
    bool event_idx = virtio_has(virtio, VIRTIO_RING_F_EVENT_IDX);
    bool indirect = virtio_has(virtio, VIRTIO_RING_F_INDIRECT_DESC);

    if (!queue_start(queue, event_idx, indirect)) {
        virtio_break(virtio, queue->fault);
    }
}

/* For start() and stop() of the device, of which it may have none. */
static void virtio_hold(struct virtio *virtio, void (*act)(struct device *device))
{
    if (act == NULL) {
        return;
    }
    __atomic_store_n(&virtio->held, true, __ATOMIC_RELEASE);
    act(virtio_device(virtio));
    __atomic_store_n(&virtio->held, false, __ATOMIC_RELEASE);
}

/* A doorbell may have been passed over while the device was held. */
static void virtio_start(struct virtio *virtio)
{
    virtio_hold(virtio, virtio->type->start);
    for (unsigned i = 0; i < virtio->queue_count; i++) {
        if (virtio->queues[i].state->ready) {
            virtio_ring(virtio, i);
        }
    }
}

/*
 * The driver may disable one queue (4.2.2.2). The device cannot tell what is under way for it from
 * the rest, so it finishes everything.
 */
static void virtio_queue_end(struct virtio *virtio, struct queue *queue)
{
    virtio_hold(virtio, virtio->type->stop);
    queue_stop(queue);
    if (virtio_is_live(virtio)) {
        virtio_start(virtio);
    }
}

void virtio_set_ready(struct virtio *virtio, uint32_t number, uint32_t ready)
{
    bool negotiated = (virtio->state.status & VIRTIO_CONFIG_S_FEATURES_OK) != 0;

    if (number >= virtio->queue_count || !negotiated) {
        return;
    }
    struct queue *queue = &virtio->queues[number];
    if (ready == 1 && !queue->state->ready) {
        virtio_queue_start(virtio, queue);
    } else if (ready == 0 && queue->state->ready) {
        virtio_queue_end(virtio, queue);
    }
}

static void virtio_reset_state(struct virtio *virtio)
{
    uint32_t generation = virtio->state.generation;

    virtio_hold(virtio, virtio->type->stop);
    for (unsigned i = 0; i < virtio->queue_count; i++) {
        queue_stop(&virtio->queues[i]);
    }
    virtio->features = 0;
    virtio->state = (struct virtio_state){.generation = generation};
}

/* FEATURES_OK stays clear if the driver's choice is not acceptable (3.1.1). */
static uint32_t virtio_negotiate(struct virtio *virtio, uint32_t bits)
{
    if ((bits & VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
        return bits;
    }
    if (!virtio_accepts(virtio)) {
        return bits & ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
    }
    virtio->features = virtio->state.driver_features;
    return bits;
}

void virtio_set_status(struct virtio *virtio, uint32_t status)
{
    /* A driver clears bits only by a reset, and only the device sets NEEDS_RESET (2.1). */
    const uint32_t drivers = 0xff & ~(uint32_t)VIRTIO_CONFIG_S_NEEDS_RESET;
    uint32_t set = status & ~virtio->state.status & drivers;

    if (status == 0) {
        virtio_reset_state(virtio);
        return;
    }
    set = virtio_negotiate(virtio, set);
    virtio->state.status |= set;
    if ((set & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
        virtio_start(virtio);
    }
}

static void virtio_on_doorbell(void *arg, uint32_t events)
{
    struct virtio_doorbell *doorbell = arg;
    struct virtio *virtio = doorbell->virtio;
    unsigned queue = (unsigned)(doorbell - virtio->doorbells);

    (void)events;
    if (!virtio_enter(virtio)) {
        return;
    }
    if (virtio_is_live(virtio) && virtio->queues[queue].state->ready) {
        virtio->type->notified(virtio_device(virtio), queue);
    }
    virtio_unlock(virtio);
}

static int virtio_open_doorbell(struct virtio *virtio, unsigned queue)
{
    struct virtio_doorbell *doorbell = &virtio->doorbells[queue];

    doorbell->virtio = virtio;
    doorbell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (doorbell->fd < 0) {
        return -errno;
    }
    if (virtio->type->notified == NULL) {
        return 0;
    }
    /* Each ring is an edge, so the eventfd need not be read, and its count does not matter. */
    doorbell->source =
        loop_add(virtio->env.loop, doorbell->fd, EPOLLIN | EPOLLET, virtio_on_doorbell, doorbell);
    return doorbell->source != NULL ? 0 : -errno;
}

static int virtio_open_events(struct virtio *virtio, bool lends)
{
    for (unsigned i = 0; i < virtio->queue_count; i++) {
        int error = virtio_open_doorbell(virtio, i);
        if (error != 0) {
            return error;
        }
    }
    virtio->acknowledged = lends ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return lends || virtio->acknowledged >= 0 ? 0 : -errno;
}

int virtio_open(struct virtio *virtio, const struct device_env *env,
                const struct virtio_setup *setup)
{
    virtio->type = setup->type;
    virtio->env = *env;
    virtio->offered = setup->features | (VIRTIO_COMMON_FEATURES & ~setup->lacks);
    virtio->config = setup->config;
    virtio->config_size = setup->config_size;
    virtio->queue_count = setup->queue_count;
    virtio->acknowledged = -1;
    pthread_mutex_init(&virtio->lock, NULL);
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        virtio->doorbells[i].fd = -1;
        queue_init(&virtio->queues[i], &virtio->state.queues[i], env->memory);
    }
    int error = virtio_open_events(virtio, setup->lends);
    if (error != 0) {
        virtio_close(virtio);
        return error;
    }
    registers_show_all(virtio);
    return 0;
}

int virtio_create(const struct device_env *env, struct device **out, size_t size,
                  int (*open)(struct device *device, const struct device_env *env),
                  void (*close)(struct device *device))
{
    struct device *device = calloc(1, size);

    if (device == NULL) {
        return -ENOMEM;
    }
    int error = open(device, env);
    if (error != 0) {
        close(device);
        return error;
    }
    *out = device;
    return 0;
}

void virtio_close(struct virtio *virtio)
{
    for (unsigned i = 0; i < virtio->queue_count; i++) {
        loop_close(virtio->doorbells[i].source, virtio->doorbells[i].fd);
    }
    if (virtio->acknowledged >= 0) {
        close(virtio->acknowledged);
    }
    pthread_mutex_destroy(&virtio->lock);
}

void virtio_reset(struct device *device)
{
    struct virtio *virtio = virtio_of(device);

    virtio_lock(virtio);
    virtio_reset_state(virtio);
    virtio->state.generation = 0;
    registers_show(virtio);
    virtio_unlock(virtio);
}

/* A driver that sleeps has reset its device, as Linux's do: then nothing is under way. */
static bool virtio_state_is_quiet(const struct virtio_state *state)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        if (state->queues[i].ready) {
            return false;
        }
    }
    return (state->status & VIRTIO_CONFIG_S_DRIVER_OK) == 0;
}

bool virtio_busy(struct device *device)
{
    struct virtio *virtio = virtio_of(device);

    virtio_lock(virtio);
    bool busy = !virtio_state_is_quiet(&virtio->state);
    virtio_unlock(virtio);
    return busy;
}

/* A driver may have got as far as this without starting the device. */
static bool virtio_restore_features(struct virtio *virtio)
{
    bool negotiated = (virtio->state.status & VIRTIO_CONFIG_S_FEATURES_OK) != 0;

    virtio->features = negotiated ? virtio->state.driver_features : 0;
    return !negotiated || virtio_accepts(virtio);
}

bool virtio_restore(struct device *device, const void *saved)
{
    struct virtio *virtio = virtio_of(device);
    const struct virtio_state *state = saved;

    if (!virtio_state_is_quiet(state)) {
        return false;
    }
    virtio_lock(virtio);
    virtio->state = *state;
    if (!virtio_restore_features(virtio)) {
        virtio_unlock(virtio);
        return false;
    }
    if (virtio->type->restore != NULL) {
        virtio->type->restore(device, state + 1);
    }
    registers_show(virtio);
    virtio_unlock(virtio);
    return true;
}

void virtio_identify(struct device *device, struct device_identity *identity)
{
    const struct virtio *virtio = virtio_of(device);

    *identity = (struct device_identity){.features = virtio->offered};
    if (virtio->type->identify != NULL) {
        virtio->type->identify(device, identity);
    }
}
