/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk (virtio 1.2, 5.2): a disk. blk_chain.c checks what the driver asks for, blk_request.c has
 * it done by host/disk/, and blk_failure.c tells the operator what the host cannot do.
 *
 * The guest resets the device before it sleeps, and waits for its requests before that. The file,
 * its lock and what the guest chose of the write cache stay.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "core/loop.h"
#include "dev/virtio/blk_parts.h"

enum { BLK_SEGMENTS = QUEUE_SIZE_MAX - 2 /* without header and status */ };

/* Tells the driver of what has ended, and goes on with what had no room if there is room now. */
static void blk_settle(struct device *device)
{
    uint32_t served = device->served;
    uint32_t waiting = device->under_way < DISK_REQUESTS_MAX ? device->waiting : 0;

    device->served = 0;
    device->waiting &= ~waiting;
    for (unsigned i = 0; i < device->virtio.queue_count; i++) {
        if ((served >> i & 1) != 0) {
            virtio_tell(&device->virtio, i);
        }
        if ((waiting >> i & 1) != 0) {
            virtio_ring(&device->virtio, i);
        }
    }
}

static void blk_on_event(void *arg, uint32_t events)
{
    struct device *device = arg;

    (void)events;
    if (!virtio_enter(&device->virtio)) {
        return;
    }
    disk_reap(device->disk);
    blk_settle(device);
    virtio_unlock(&device->virtio);
}

/* What the page cache has is there at once, and needs no turn of the loop. */
static void blk_notified(struct device *device, unsigned queue)
{
    virtio_serve(&device->virtio, queue, blk_serve);
    disk_start(device->disk);
    disk_reap(device->disk);
    blk_settle(device);
}

static void blk_stop(struct device *device)
{
    disk_drain(device->disk);
    blk_drop_parked(device);
    if (device->failure.word != NULL) { /* blk_on_failure() may have come during the stop */
        (void)eventfd_write(device->failure_event, 1);
    }
    device->served = 0;
    device->waiting = 0;
}

static void blk_be_still(struct device *device, bool still)
{
    virtio_lock(&device->virtio);
    if (still) {
        disk_finish(device->disk);
    } else {
        blk_settle(device);
    }
    virtio_unlock(&device->virtio);
}

static void blk_choose_cache(struct device *device, bool writes_back)
{
    device->state.writes_back = writes_back;
    device->config.wce = writes_back;
}

/*
 * CONFIG_WCE. A reset by the driver keeps the choice: Linux does not repeat it after a sleep, and
 * would not flush what it believes to be written through.
 */
static void blk_write_config(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    bool chosen = virtio_has(&device->virtio, VIRTIO_BLK_F_CONFIG_WCE);

    if (chosen && offset == offsetof(struct virtio_blk_config, wce) && size == 1) {
        blk_choose_cache(device, (value & 1) != 0);
    }
}

/* While a vCPU starts or stops the device, nothing is said of its requests. */
static void blk_describe_disk(struct device *device, struct device_disk *disk)
{
    *disk = (struct device_disk){
        .number = device->settings->number,
        .file = disk_path(device->disk),
        .read_only = device->settings->read_only,
        .size = device->config.capacity * BLK_SECTOR,
    };
    if (virtio_enter(&device->virtio)) {
        disk->under_way = device->under_way;
        disk->error = device->error;
        virtio_unlock(&device->virtio);
    }
}

static void blk_restore(struct device *device, const void *own)
{
    const struct blk_state *state = own;

    blk_choose_cache(device, state->writes_back != 0);
}

static void blk_tell_size(const struct device *device, struct device_identity *identity)
{
    identity->number = device->config.capacity;
    identity->what = "size in sectors";
}

static const struct virtio_type blk_type = {
    .name = "virtio-blk",
    .id = VIRTIO_ID_BLOCK,
    .stop = blk_stop,
    .notified = blk_notified,
    .write_config = blk_write_config,
    .restore = blk_restore,
    .identify = blk_tell_size,
};

static uint64_t blk_features(const struct device *device)
{
    uint64_t features = VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |
                        VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |
                        VIRTIO_FEATURE(VIRTIO_BLK_F_CONFIG_WCE);

    features |= device->config.num_queues > 1 ? VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) : 0;
    if (device->settings->read_only) {
        return features | VIRTIO_FEATURE(VIRTIO_BLK_F_RO);
    }
    return features | VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD) |
           VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);
}

static void blk_fill_config(struct device *device)
{
    unsigned queues = device->settings->queues;

    device->config = (struct virtio_blk_config){
        .capacity = disk_size(device->disk) / BLK_SECTOR,
        .seg_max = BLK_SEGMENTS,
        .blk_size = disk_block_size(device->disk),
        .num_queues = (uint16_t)(queues > 0 ? queues : 1),
        .max_discard_sectors = BLK_SPACE_SECTORS,
        .max_discard_seg = 1,
        .discard_sector_alignment = BLK_SPACE_ALIGNMENT,
        .max_write_zeroes_sectors = BLK_SPACE_SECTORS,
        .max_write_zeroes_seg = 1,
        .write_zeroes_may_unmap = 1,
    };
    blk_choose_cache(device, true);
}

static int blk_watch(struct device *device, struct loop *loop)
{
    device->failure_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (device->failure_event < 0) {
        return -errno;
    }
    device->failure_source = loop_add(loop, device->failure_event, EPOLLIN, blk_on_failure, device);
    device->source = loop_add(loop, disk_event(device->disk), EPOLLIN, blk_on_event, device);
    return device->failure_source != NULL && device->source != NULL ? 0 : -errno;
}

/* All but the transport. */
static void blk_close(struct device *device)
{
    loop_remove(device->source);
    loop_close(device->failure_source, device->failure_event);
    disk_close(device->disk);
    free(device);
}

/* The disk is open. */
static int blk_set_up(struct device *device, const struct device_env *env)
{
    blk_fill_config(device);
    const struct virtio_setup setup = {
        .type = &blk_type,
        .features = blk_features(device),
        .config = &device->config,
        .config_size = sizeof(device->config),
        .queue_count = device->config.num_queues,
    };
    int error = blk_watch(device, env->loop);
    return error == 0 ? virtio_open(&device->virtio, env, &setup) : error;
}

static int blk_open(struct device *device, const struct device_env *env)
{
    device->failure_event = -1;
    device->settings = env->settings;
    int error = disk_open(device->settings, &device->disk);
    return error == 0 ? blk_set_up(device, env) : error;
}

static int blk_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), blk_open, blk_close);
}

static void blk_destroy(struct device *device)
{
    blk_stop(device);
    virtio_close(&device->virtio);
    blk_close(device);
}

/* Power-on: the write cache is as at the beginning. */
static void blk_reset(struct device *device)
{
    blk_choose_cache(device, true);
    virtio_reset(device);
}

static const struct device_class blk_class = {
    VIRTIO_CLASS_REGISTERS,
    .state_offset = offsetof(struct virtio, state),
    .state_size = sizeof(struct virtio_state) + sizeof(struct blk_state),
    .name = "virtio-blk",
    .create = blk_create,
    .destroy = blk_destroy,
    .reset = blk_reset,
    .go_on = blk_go_on,
    .be_still = blk_be_still,
    .disk = blk_describe_disk,
};
DEVICE_REGISTER(blk_class);
