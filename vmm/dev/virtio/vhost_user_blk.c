/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk whose queues another process serves, by vhost-user: a disk in any format that this
 * process knows. Here are the registers, the features and the configuration space only.
 *
 * The guest resets the device before it sleeps; the back-end then has no queue, and nothing runs.
 * The connection to it stays.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "core/loop.h"
#include "dev/virtio/virtio.h"
#include "host/disk/disk_settings.h"
#include "host/vhost_user/vhost_user.h"

/*
 * What is passed on between driver and back-end. CONFIG_WCE is not: the driver's writes to the
 * configuration space end here.
 */
#define VHOST_BLK_FEATURES                                                                         \
    (VIRTIO_FEATURE(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_FEATURE(VIRTIO_BLK_F_SEG_MAX) |                \
     VIRTIO_FEATURE(VIRTIO_BLK_F_GEOMETRY) | VIRTIO_FEATURE(VIRTIO_BLK_F_RO) |                     \
     VIRTIO_FEATURE(VIRTIO_BLK_F_BLK_SIZE) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |                  \
     VIRTIO_FEATURE(VIRTIO_BLK_F_TOPOLOGY) | VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) |                     \
     VIRTIO_FEATURE(VIRTIO_BLK_F_DISCARD) | VIRTIO_FEATURE(VIRTIO_BLK_F_WRITE_ZEROES))

/* As much of the configuration space as these features need. */
enum { VHOST_BLK_CONFIG_SIZE = offsetof(struct virtio_blk_config, write_zeroes_may_unmap) + 4 };

_Static_assert(VHOST_BLK_CONFIG_SIZE == 60, "as in virtio 1.0 to 1.2 (5.2.4)");

struct device {
    struct virtio virtio;
    char *path;
    struct vhost_user *backend;
    /* All NULL after the back-end's end. */
    struct loop_source *call;
    struct loop_source *error;
    struct loop_source *end;
    struct virtio_blk_config config;
};

/* --- Queues. From any thread, with the lock held. --- */

static struct vhost_user_ring vhost_blk_ring(const struct virtio *virtio, unsigned number)
{
    const struct queue *queue = &virtio->queues[number];

    return (struct vhost_user_ring){
        .number = number,
        .size = queue->state->size,
        .base = queue->state->next,
        .descriptors = queue->state->descriptors,
        .available = queue->state->available,
        .used = queue->state->used,
        .used_index = &queue->used->idx,
        .kick = virtio->doorbells[number].fd,
    };
}

/*
 * The transport rings each queue after the start: its driver may have added chains before, and the
 * notification may have gone to the back-end before it stopped the last time. Likewise an interrupt
 * may have been dropped, by this start or the last stop.
 */
static void vhost_blk_start(struct device *device)
{
    struct virtio *virtio = &device->virtio;
    struct vhost_user_ring rings[VHOST_USER_QUEUES_MAX] = {{0}};
    unsigned count = 0;

    for (unsigned i = 0; i < virtio->queue_count; i++) {
        if (virtio->queues[i].state->ready) {
            rings[count++] = vhost_blk_ring(virtio, i);
        }
    }
    if (!vhost_user_start(device->backend, virtio->features, rings, count)) {
        virtio_fail(virtio);
        return;
    }
    virtio_pass_interrupt(virtio);
}

/* A queue that stays ready continues where the back-end stopped. */
static void vhost_blk_stop(struct device *device)
{
    struct virtio *virtio = &device->virtio;

    if (!vhost_user_stop(device->backend)) {
        virtio_fail(virtio);
    }
    for (unsigned i = 0; i < virtio->queue_count; i++) {
        if (virtio->queues[i].state->ready) {
            virtio->queues[i].state->next = vhost_user_base(device->backend, i);
        }
    }
}

static void vhost_blk_identify(const struct device *device, struct device_identity *identity)
{
    identity->number = device->config.capacity;
    identity->what = "size in sectors";
}

static const struct virtio_type vhost_blk_type = {
    .name = "vhost-user-blk",
    .id = VIRTIO_ID_BLOCK,
    .start = vhost_blk_start,
    .stop = vhost_blk_stop,
    .identify = vhost_blk_identify,
};

/* --- What the back-end signals. Main thread. --- */

/* After a start there is an interrupt in any case, and after a stop the driver needs none. */
static void vhost_blk_on_call(void *arg, uint32_t events)
{
    struct device *device = arg;

    (void)events;
    if (!vhost_user_take_call(device->backend) || !virtio_enter(&device->virtio)) {
        return;
    }
    virtio_pass_interrupt(&device->virtio);
    virtio_unlock(&device->virtio);
}

static void vhost_blk_unwatch(struct device *device)
{
    loop_remove(device->call);
    loop_remove(device->error);
    loop_remove(device->end);
    device->call = NULL;
    device->error = NULL;
    device->end = NULL;
}

/*
 * A driver that is not ready yet is told when it is: at the start. A thread that waits for the
 * back-end sees the end of the connection and gives the lock free.
 */
static void vhost_blk_finish(struct device *device, const char *fault)
{
    vhost_user_hang_up(device->backend);
    virtio_lock(&device->virtio);
    vhost_user_end(device->backend, fault);
    if (virtio_is_live(&device->virtio)) {
        virtio_fail(&device->virtio);
    }
    virtio_unlock(&device->virtio);
    vhost_blk_unwatch(device);
}

/* Also if this process has ended the connection, on a vCPU's thread. */
static void vhost_blk_on_end(void *arg, uint32_t events)
{
    (void)events;
    vhost_blk_finish(arg, "it has closed the connection");
}

static void vhost_blk_on_error(void *arg, uint32_t events)
{
    (void)events;
    vhost_blk_finish(arg, "it reports an error in a ring");
}

static void vhost_blk_describe_disk(struct device *device, struct device_disk *disk)
{
    const struct disk_settings *settings = device->virtio.env.settings;
    uint64_t features = vhost_user_features(device->backend);

    *disk = (struct device_disk){
        .number = settings->number,
        .file = device->path,
        .remote = true,
        .read_only = (features & VIRTIO_FEATURE(VIRTIO_BLK_F_RO)) != 0,
        .size = device->config.capacity * 512,
        .error = device->end == NULL ? ENOTCONN : 0,
    };
}

/* --- Life. --- */

static int vhost_blk_watch(struct device *device, struct loop *loop)
{
    struct vhost_user *backend = device->backend;

    device->call = loop_add(loop, vhost_user_call_fd(backend), EPOLLIN, vhost_blk_on_call, device);
    device->error =
        loop_add(loop, vhost_user_error_fd(backend), EPOLLIN, vhost_blk_on_error, device);
    device->end = loop_add(loop, vhost_user_socket(backend), EPOLLRDHUP, vhost_blk_on_end, device);
    return device->call != NULL && device->error != NULL && device->end != NULL ? 0 : -errno;
}

/* As many queues as the back-end, the device and the operator have. */
static unsigned vhost_blk_queue_count(const struct device *device, unsigned wanted)
{
    unsigned count = vhost_user_queue_count(device->backend);
    bool several = (vhost_user_features(device->backend) & VIRTIO_FEATURE(VIRTIO_BLK_F_MQ)) != 0;

    if (!several || device->config.num_queues == 0 || wanted == 0) {
        return 1;
    }
    count = count < device->config.num_queues ? count : device->config.num_queues;
    return count < wanted ? count : wanted;
}

/* The back-end is connected. */
static int vhost_blk_set_up(struct device *device, const struct device_env *env, unsigned wanted)
{
    uint64_t features = vhost_user_features(device->backend);
    unsigned count = vhost_blk_queue_count(device, wanted);
    const struct virtio_setup setup = {
        .type = &vhost_blk_type,
        .features = features & VHOST_BLK_FEATURES,
        .lacks = ~features,
        .config = &device->config,
        .config_size = VHOST_BLK_CONFIG_SIZE,
        .queue_count = count,
    };

    device->config.num_queues = (uint16_t)count;
    int error = vhost_blk_watch(device, env->loop);
    return error == 0 ? virtio_open(&device->virtio, env, &setup) : error;
}

static int vhost_blk_open(struct device *device, const struct device_env *env)
{
    const struct disk_settings *settings = env->settings;

    device->path = disk_name(settings);
    if (device->path == NULL) {
        return -ENOMEM;
    }
    const struct vhost_user_setup setup = {
        .option = "--disk vhost-user=",
        .path = device->path,
        .memory = env->memory,
        .config = &device->config,
        .config_size = VHOST_BLK_CONFIG_SIZE,
    };
    int error = vhost_user_open(&setup, &device->backend);
    return error == 0 ? vhost_blk_set_up(device, env, settings->queues) : error;
}

static void vhost_blk_close(struct device *device)
{
    vhost_blk_unwatch(device);
    vhost_user_close(device->backend);
    free(device->path);
    free(device);
}

static int vhost_blk_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), vhost_blk_open, vhost_blk_close);
}

/* The back-end gives back what it has: its own program may live on. */
static void vhost_blk_destroy(struct device *device)
{
    (void)vhost_user_stop(device->backend);
    virtio_close(&device->virtio);
    vhost_blk_close(device);
}

static const struct device_class vhost_user_blk = {
    VIRTIO_CLASS_MEMBERS,         .name = "vhost-user-blk",        .create = vhost_blk_create,
    .destroy = vhost_blk_destroy, .disk = vhost_blk_describe_disk,
};
DEVICE_REGISTER(vhost_user_blk);
