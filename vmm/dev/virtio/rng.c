/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng (virtio 1.2, 5.4): each buffer that the driver gives is filled from the host's random
 * numbers. It keeps nothing over a sleep: Linux removes the device before it and probes it again
 * after it.
 */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/random.h>

#include "dev/virtio/virtio.h"

/* A buffer may be gigabytes long, and the driver is content with less than it asked for. */
enum { RNG_AT_ONCE = 256 };

struct device {
    struct virtio virtio;
};

static bool rng_serve(struct device *device, unsigned queue, const struct chain *chain)
{
    uint8_t bytes[RNG_AT_ONCE];
    uint64_t size = chain->in_size < sizeof(bytes) ? chain->in_size : sizeof(bytes);
    uint32_t written = 0;

    /* Up to 256 bytes come whole, and never fail once the host has booted (getrandom(2)). */
    if (getrandom(bytes, size, GRND_NONBLOCK) == (ssize_t)size) {
        written = (uint32_t)parts_write(chain_in(chain), chain->in_count, 0, bytes, size);
    }
    virtio_complete(&device->virtio, queue, chain->head, written);
    return true;
}

static void rng_notified(struct device *device, unsigned queue)
{
    virtio_serve(&device->virtio, queue, rng_serve);
}

static const struct virtio_type rng_type = {
    .name = "virtio-rng",
    .id = VIRTIO_ID_RNG,
    .notified = rng_notified,
};

static int rng_create(const struct device_env *env, struct device **out)
{
    const struct virtio_setup setup = {.type = &rng_type, .queue_count = 1};
    struct device *device = calloc(1, sizeof(*device));

    if (device == NULL) {
        return -ENOMEM;
    }
    int error = virtio_open(&device->virtio, env, &setup);
    if (error != 0) {
        free(device);
        return error;
    }
    *out = device;
    return 0;
}

static void rng_destroy(struct device *device)
{
    virtio_close(&device->virtio);
    free(device);
}

static const struct device_class virtio_rng = {
    VIRTIO_CLASS_MEMBERS,
    .name = "virtio-rng",
    .create = rng_create,
    .destroy = rng_destroy,
};
DEVICE_REGISTER(virtio_rng);
