/* SPDX-License-Identifier: BSD-2-Clause */
/* What the registers of the MMIO transport read (virtio 1.2, 4.2.2), and the mirror of that. */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "dev/mirror.h"
#include "dev/virtio/virtio_parts.h"

enum {
    MMIO_MAGIC = 0x74726976, /* "virt" */
    MMIO_VERSION = 2,
    MMIO_VENDOR = 0x554D4544, /* "DMEU", any number will do */
};

/* One half of a 64-bit number, as a ...Sel register selects it. */
static uint32_t registers_half(uint64_t value, uint32_t half)
{
    return half == 0 ? (uint32_t)value : half == 1 ? (uint32_t)(value >> 32) : 0;
}

/* The selected queue, or NULL if the device has none of that number. */
struct queue *registers_queue(struct virtio *virtio)
{
    uint32_t number = virtio->state.queue_selected;

    return number < virtio->queue_count ? &virtio->queues[number] : NULL;
}

uint32_t registers_read(struct virtio *virtio, uint64_t offset)
{
    const struct virtio_state *state = &virtio->state;
    const struct queue *queue = registers_queue(virtio);

    switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
        return MMIO_MAGIC;
    case VIRTIO_MMIO_VERSION:
        return MMIO_VERSION;
    case VIRTIO_MMIO_DEVICE_ID:
        return virtio->type->id;
    case VIRTIO_MMIO_VENDOR_ID:
        return MMIO_VENDOR;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return registers_half(virtio->offered, state->device_features_half);
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return queue != NULL ? QUEUE_SIZE_MAX : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return queue != NULL ? queue->state->ready : 0;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return state->interrupts | (virtio->lent_count > 0 ? VIRTIO_MMIO_INT_VRING : 0);
    case VIRTIO_MMIO_STATUS:
        return state->status;
    case VIRTIO_MMIO_CONFIG_GENERATION:
        return state->generation;
    case VIRTIO_MMIO_SHM_LEN_LOW:
    case VIRTIO_MMIO_SHM_LEN_HIGH:
    case VIRTIO_MMIO_SHM_BASE_LOW:
    case VIRTIO_MMIO_SHM_BASE_HIGH:
        return UINT32_MAX; /* no shared memory (4.2.2) */
    default:
        return 0;
    }
}

static void registers_show_word(struct virtio *virtio, uint64_t offset)
{
    mirror_put(virtio->env.mirror + offset, registers_read(virtio, offset));
}

void registers_show_state(struct virtio *virtio)
{
    if (virtio->env.mirror != NULL) {
        registers_show_word(virtio, VIRTIO_MMIO_INTERRUPT_STATUS);
        registers_show_word(virtio, VIRTIO_MMIO_STATUS);
    }
}

/* A reader that finds the old generation before and after has read nothing but old words, or gets an interrupt. */
void registers_show_config(struct virtio *virtio)
{
    if (virtio->env.mirror != NULL) {
        mirror_put_bytes(virtio->env.mirror + VIRTIO_MMIO_CONFIG, virtio->config,
                         virtio->config_size);
        registers_show_word(virtio, VIRTIO_MMIO_CONFIG_GENERATION);
    }
}

/* Each word that is put costs a guest's write a cleaned line of the cache, so the constant ones are left out. */
void registers_show(struct virtio *virtio)
{
    if (virtio->env.mirror == NULL) {
        return;
    }
    registers_show_word(virtio, VIRTIO_MMIO_DEVICE_FEATURES);
    registers_show_word(virtio, VIRTIO_MMIO_QUEUE_NUM_MAX);
    registers_show_word(virtio, VIRTIO_MMIO_QUEUE_READY);
    registers_show_state(virtio);
    registers_show_config(virtio);
}

void registers_show_all(struct virtio *virtio)
{
    if (virtio->env.mirror == NULL) {
        return;
    }
    for (uint64_t offset = 0; offset < VIRTIO_MMIO_CONFIG; offset += sizeof(uint32_t)) {
        registers_show_word(virtio, offset);
    }
    registers_show_config(virtio);
}
