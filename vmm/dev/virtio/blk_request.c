/* SPDX-License-Identifier: BSD-2-Clause */
/* What is under way: each request from its submission to its end, or until the operator continues it. */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdlib.h>

#include "core/activity.h"
#include "dev/virtio/blk_parts.h"

static void blk_free(struct blk_request *request)
{
    request->device->under_way--;
    free(request);
}

/* The guest gets its answer. */
static void blk_end(struct blk_request *request, int error)
{
    struct device *device = request->device;

    *request->status = error == 0 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR;
    virtio_complete(&device->virtio, request->queue, request->head,
                    error == 0 ? request->written : 0);
    device->served |= UINT32_C(1) << request->queue;
    blk_free(request);
}

/* A failed flush is not tried again: the kernel may have dropped what it could not write. */
static bool blk_waits_for_operator(const struct device *device, const struct disk_request *request)
{
    return device->settings->on_error == DISK_PAUSE_ON_ERROR && request->operation != DISK_FLUSH &&
           request->size > 0;
}

static void blk_fail(struct blk_request *request, int error)
{
    struct device *device = request->device;
    bool waits = blk_waits_for_operator(device, &request->disk);

    blk_note_failure(device, &request->disk, error, waits);
    device->error = -error;
    if (waits) {
        request->next = device->parked;
        device->parked = request;
    } else {
        blk_end(request, error);
    }
}

static void blk_done(struct disk_request *done, int error)
{
    struct blk_request *request = done->arg;

    if (error == -ECANCELED) {
        blk_free(request);
    } else if (error != 0) {
        blk_fail(request, error);
    } else {
        if (done->operation == DISK_WRITE && request->device->parked == NULL) {
            request->device->failing = false;
            request->device->error = 0;
        }
        blk_end(request, 0);
    }
}

static bool blk_is_writethrough(const struct device *device)
{
    const struct virtio *virtio = &device->virtio;

    return virtio_has(virtio, VIRTIO_BLK_F_CONFIG_WCE) ? device->config.wce == 0
                                                       : !virtio_has(virtio, VIRTIO_BLK_F_FLUSH);
}

struct blk_request *blk_create_request(struct device *device, const struct blk_chain *from,
                                       enum disk_operation operation, unsigned count)
{
    struct blk_request *request = malloc(sizeof(*request) + count * sizeof(request->parts[0]));

    if (request == NULL) {
        return NULL;
    }
    *request = (struct blk_request){
        .disk = {.operation = operation,
                 .durable = blk_is_writethrough(device),
                 .parts = request->parts,
                 .done = blk_done,
                 .arg = request},
        .device = device,
        .queue = from->queue,
        .head = from->chain->head,
        .written = from->chain->in_size < UINT32_MAX ? (uint32_t)from->chain->in_size : UINT32_MAX,
        .status = from->status,
    };
    return request;
}

static void blk_count(const struct disk_request *request)
{
    if (request->operation == DISK_READ) {
        activity_add(ACTIVITY_DISK_READ, request->size);
    } else if (request->operation == DISK_WRITE) {
        activity_add(ACTIVITY_DISK_WRITE, request->size);
    }
}

void blk_submit(struct device *device, struct blk_request *request)
{
    blk_count(&request->disk);
    device->under_way++;
    disk_submit(device->disk, &request->disk);
}

/* Takes the requests that wait for the operator. */
static struct blk_request *blk_take_parked(struct device *device)
{
    struct blk_request *parked = device->parked;

    device->parked = NULL;
    if (parked != NULL) {
        device->failing = false;
        device->error = 0;
    }
    return parked;
}

void blk_go_on(struct device *device)
{
    if (!virtio_enter(&device->virtio)) {
        return;
    }
    struct blk_request *request = blk_take_parked(device);
    while (request != NULL) {
        struct blk_request *next = request->next;

        disk_submit(device->disk, &request->disk);
        request = next;
    }
    disk_start(device->disk);
    virtio_unlock(&device->virtio);
}

void blk_drop_parked(struct device *device)
{
    struct blk_request *request = blk_take_parked(device);

    while (request != NULL) {
        struct blk_request *next = request->next;

        blk_free(request);
        request = next;
    }
}
