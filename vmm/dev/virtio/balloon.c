/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-balloon (virtio 1.2, 5.5): the guest gives pages that it does not use, if the operator asks
 * for them, and reports free ones by itself. Their memory returns to the host. Nothing has to be done
 * when the guest takes pages back: the host gives fresh memory to whatever the guest touches.
 *
 * Over a sleep the operator's wish stays. Linux takes all pages back before it resets the device, and
 * gives them again afterwards; the pages that it has not touched in between cost nothing.
 */
#include "dev/virtio/balloon.h"

#include <linux/virtio_balloon.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/delay.h"
#include "dev/virtio/virtio.h"

enum {
    BALLOON_INFLATE, /* queues */
    BALLOON_DEFLATE,
    BALLOON_REPORT,
    BALLOON_QUEUE_COUNT,
    /* Pages of one request. Linux names 256 at most. */
    BALLOON_PAGES_MAX = 1024,
    /* Bytes of one report: Linux reports at most 32 pieces of 4 MiB. */
    BALLOON_REPORT_MAX = 1 << 30,
    BALLOON_TELL_NS = 1000000000,
};

#define BALLOON_PAGE (UINT64_C(1) << VIRTIO_BALLOON_PFN_SHIFT)

struct device {
    struct virtio virtio;
    struct virtio_balloon_config config; /* num_pages is the operator's wish, actual the driver's */
    bool served;                         /* a request in this turn of the loop */
    bool tells;                          /* the delay runs */
    struct delay delay;
    void (*changed)(void *arg);
    void *changed_arg;
};

_Static_assert(offsetof(struct device, config) ==
                   offsetof(struct virtio, state) + sizeof(struct virtio_state),
               "one state, of the transport and of the balloon");

/* Pages in a row. */
struct balloon_run {
    uint64_t first;
    uint64_t count;
};

static void balloon_discard(const struct device *device, const struct balloon_run *run)
{
    /* The guest may name pages that it does not have: memory_discard() refuses those. */
    if (run->count > 0) {
        (void)memory_discard(device->virtio.env.memory, ipa(run->first * BALLOON_PAGE),
                             run->count * BALLOON_PAGE);
    }
}

/* Linux names pages in any order, but often neighbours one after the other. */
static bool balloon_extend(struct balloon_run *run, uint64_t page)
{
    if (run->count > 0 && page == run->first + run->count) {
        run->count++;
        return true;
    }
    if (run->count > 0 && page + 1 == run->first) {
        run->first = page;
        run->count++;
        return true;
    }
    return false;
}

static void balloon_take_pages(const struct device *device, const uint32_t *pages, size_t count)
{
    struct balloon_run run = {0, 0};

    for (size_t i = 0; i < count; i++) {
        if (!balloon_extend(&run, pages[i])) {
            balloon_discard(device, &run);
            run = (struct balloon_run){pages[i], 1};
        }
    }
    balloon_discard(device, &run);
}

static void balloon_inflate(struct device *device, const struct chain *chain)
{
    uint32_t pages[BALLOON_PAGES_MAX];
    uint64_t size = parts_read(chain_out(chain), chain->out_count, 0, pages, sizeof(pages));

    balloon_take_pages(device, pages, size / sizeof(pages[0]));
}

/* The buffers themselves are the free memory. */
static void balloon_report(struct device *device, const struct chain *chain)
{
    const struct memory *memory = device->virtio.env.memory;

    for (unsigned i = 0; i < chain->in_count && chain->in_size <= BALLOON_REPORT_MAX; i++) {
        const struct iovec *part = &chain_in(chain)[i];
        uint64_t offset = (uint64_t)((const uint8_t *)part->iov_base - memory->host);

        (void)memory_discard(memory, ipa(memory->base.value + offset), part->iov_len);
    }
}

/* One request in a turn of the loop: each may be a thousand system calls. */
static bool balloon_serve(struct device *device, unsigned queue, const struct chain *chain)
{
    if (device->served) {
        virtio_ring(&device->virtio, queue);
        return false;
    }
    device->served = true;
    if (queue == BALLOON_INFLATE) {
        balloon_inflate(device, chain);
    } else if (queue == BALLOON_REPORT) {
        balloon_report(device, chain);
    }
    virtio_complete(&device->virtio, queue, chain->head, 0);
    return true;
}

static void balloon_notified(struct device *device, unsigned queue)
{
    device->served = false;
    virtio_serve(&device->virtio, queue, balloon_serve);
}

/* At most once a second: a guest can write as fast as it likes. */
static void balloon_set_actual(struct device *device, uint32_t actual)
{
    if (actual == device->config.actual) {
        return;
    }
    device->config.actual = actual;
    if (!device->tells) {
        device->tells = true;
        delay_set(&device->delay, BALLOON_TELL_NS);
    }
}

static void balloon_write_config(struct device *device, uint64_t offset, unsigned size,
                                 uint64_t value)
{
    if (offset == offsetof(struct virtio_balloon_config, actual) && size == sizeof(uint32_t)) {
        balloon_set_actual(device, (uint32_t)value);
    }
}

/* A new driver begins with an empty balloon. */
static void balloon_stop(struct device *device)
{
    balloon_set_actual(device, 0);
}

static void balloon_restore(struct device *device, const void *own)
{
    memcpy(&device->config, own, sizeof(device->config));
}

static const struct virtio_type balloon_type = {
    .name = "virtio-balloon",
    .id = VIRTIO_ID_BALLOON,
    .stop = balloon_stop,
    .notified = balloon_notified,
    .write_config = balloon_write_config,
    .restore = balloon_restore,
};

static void balloon_on_delay(void *arg)
{
    struct device *device = arg;

    virtio_lock(&device->virtio);
    device->tells = false;
    virtio_unlock(&device->virtio);
    if (device->changed != NULL) {
        device->changed(device->changed_arg);
    }
}

void balloon_watch(struct device *device, void (*changed)(void *arg), void *arg)
{
    device->changed = changed;
    device->changed_arg = arg;
}

void balloon_ask(struct device *device, uint64_t bytes)
{
    virtio_lock(&device->virtio);
    device->config.num_pages = (uint32_t)(bytes / BALLOON_PAGE);
    virtio_config_changed(&device->virtio);
    virtio_unlock(&device->virtio);
}

uint64_t balloon_given(struct device *device)
{
    virtio_lock(&device->virtio);
    uint64_t pages = device->config.actual;
    virtio_unlock(&device->virtio);
    return pages * BALLOON_PAGE;
}

static int balloon_open(struct device *device, const struct device_env *env)
{
    const struct virtio_setup setup = {
        .type = &balloon_type,
        .features = VIRTIO_FEATURE(VIRTIO_BALLOON_F_DEFLATE_ON_OOM) |
                    VIRTIO_FEATURE(VIRTIO_BALLOON_F_REPORTING),
        .config = &device->config,
        .config_size = sizeof(device->config),
        .queue_count = BALLOON_QUEUE_COUNT,
    };
    int error = delay_open(&device->delay, env->loop, balloon_on_delay, device);

    return error == 0 ? virtio_open(&device->virtio, env, &setup) : error;
}

static void balloon_close(struct device *device)
{
    delay_close(&device->delay);
    free(device);
}

static int balloon_create(const struct device_env *env, struct device **out)
{
    return virtio_create(env, out, sizeof(struct device), balloon_open, balloon_close);
}

static void balloon_destroy(struct device *device)
{
    virtio_close(&device->virtio);
    balloon_close(device);
}

static const struct device_class virtio_balloon = {
    VIRTIO_CLASS_FUNCTIONS,
    .state_offset = offsetof(struct virtio, state),
    .state_size = sizeof(struct virtio_state) + sizeof(struct virtio_balloon_config),
    .name = "virtio-balloon",
    .create = balloon_create,
    .destroy = balloon_destroy,
};
DEVICE_REGISTER(virtio_balloon);
