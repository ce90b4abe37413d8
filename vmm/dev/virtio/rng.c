/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng (virtio 1.2, 5.4): each buffer that the driver gives is filled from the host's random
 * numbers. It keeps nothing over a sleep: Linux removes the device before it and probes it again
 * after it.
 */
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

static int rng_open(struct device *device, const struct device_env *env)
{
    const struct virtio_setup setup = {.type = &rng_type, .queue_count = 1};

    return virtio_open(&device->virtio, env, &setup);
}

static void rng_close(struct device *device)
{
    free(device);
}

static int rng_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), rng_open, rng_close);
}

static void rng_destroy(struct device *device)
{
    virtio_close(&device->virtio);
    rng_close(device);
}

static const struct device_class virtio_rng = {
    VIRTIO_CLASS_MEMBERS,
    .name = "virtio-rng",
    .create = rng_create,
    .destroy = rng_destroy,
};
DEVICE_REGISTER(virtio_rng);
