/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the MMIO transport (virtio 1.2, 4.2.2). */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "dev/irq.h"
#include "dev/virtio/virtio_parts.h"

enum {
    MMIO_MAGIC = 0x74726976, /* "virt" */
    MMIO_VERSION = 2,
    MMIO_VENDOR = 0x554D4544, /* "DMEU", any number will do */
    WORD = 4,
};

/* One half of a 64-bit number, as a ...Sel register selects it. */
static uint32_t mmio_half(uint64_t value, uint32_t half)
{
    return half == 0 ? (uint32_t)value : half == 1 ? (uint32_t)(value >> 32) : 0;
}

static void mmio_set_half(uint64_t *value, bool high, uint32_t half)
{
    unsigned shift = high ? 32 : 0;

    *value = (*value & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)half << shift;
}

/* The selected queue, or NULL if the device has none of that number. */
static struct queue *mmio_queue(struct virtio *virtio)
{
    uint32_t number = virtio->state.queue_selected;

    return number < virtio->queue_count ? &virtio->queues[number] : NULL;
}

static uint32_t mmio_read_word(struct virtio *virtio, uint64_t offset)
{
    const struct virtio_state *state = &virtio->state;
    const struct queue *queue = mmio_queue(virtio);

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
        return mmio_half(virtio->offered, state->device_features_half);
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return queue != NULL ? QUEUE_SIZE_MAX : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return queue != NULL ? queue->state->ready : 0;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return state->interrupts;
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

/* What the selected queue's driver may change only while the queue is not ready. */
static void mmio_write_queue(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    struct queue *queue = mmio_queue(virtio);

    if (queue == NULL || queue->state->ready) {
        return;
    }
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
        queue->state->size = value <= QUEUE_SIZE_MAX ? (uint16_t)value : 0;
        return;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        mmio_set_half(&queue->state->descriptors, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
        return;
    case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
    case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
        mmio_set_half(&queue->state->available, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, value);
        return;
    case VIRTIO_MMIO_QUEUE_USED_LOW:
    case VIRTIO_MMIO_QUEUE_USED_HIGH:
        mmio_set_half(&queue->state->used, offset == VIRTIO_MMIO_QUEUE_USED_HIGH, value);
        return;
    default:
        return;
    }
}

static void mmio_acknowledge(struct virtio *virtio, uint32_t interrupts)
{
    virtio->state.interrupts &= ~interrupts;
}

static void mmio_write_word(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    struct virtio_state *state = &virtio->state;

    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        state->device_features_half = value;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        state->driver_features_half = value;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        virtio_set_features(virtio, state->driver_features_half, value);
        return;
    case VIRTIO_MMIO_QUEUE_SEL:
        state->queue_selected = value;
        return;
    case VIRTIO_MMIO_QUEUE_READY:
        virtio_set_ready(virtio, state->queue_selected, value);
        return;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        virtio_ring(virtio, value);
        return;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        mmio_acknowledge(virtio, value);
        return;
    case VIRTIO_MMIO_STATUS:
        virtio_set_status(virtio, value);
        return;
    default:
        mmio_write_queue(virtio, offset, value);
        return;
    }
}

/* The configuration space takes accesses of every size; beyond its end it reads as zero. */
static uint64_t mmio_read_config(const struct virtio *virtio, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    if (offset < virtio->config_size) {
        size_t room = virtio->config_size - offset;

        memcpy(&value, (const uint8_t *)virtio->config + offset, size < room ? size : room);
    }
    return value;
}

/* Registers take whole, aligned words only (4.2.2.2); other accesses read as zero and are lost. */
static bool mmio_is_word(uint64_t offset, unsigned size)
{
    return size == WORD && offset % WORD == 0;
}

uint64_t virtio_read(struct device *device, uint64_t offset, unsigned size)
{
    struct virtio *virtio = virtio_of(device);
    uint64_t value = 0;

    virtio_lock(virtio);
    if (offset >= VIRTIO_MMIO_CONFIG) {
        value = mmio_read_config(virtio, offset - VIRTIO_MMIO_CONFIG, size);
    } else if (mmio_is_word(offset, size)) {
        value = mmio_read_word(virtio, offset);
    }
    virtio_unlock(virtio);
    return value;
}

void virtio_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct virtio *virtio = virtio_of(device);

    virtio_lock(virtio);
    if (offset < VIRTIO_MMIO_CONFIG) {
        if (mmio_is_word(offset, size)) {
            mmio_write_word(virtio, offset, (uint32_t)value);
        }
    } else if (virtio->type->write_config != NULL &&
               offset - VIRTIO_MMIO_CONFIG + size <= virtio->config_size) {
        virtio->type->write_config(device, offset - VIRTIO_MMIO_CONFIG, size, value);
    }
    virtio_unlock(virtio);
}

bool virtio_doorbell(struct device *device, unsigned number, struct doorbell *doorbell)
{
    const struct virtio *virtio = virtio_of(device);

    if (number >= virtio->queue_count) {
        return false;
    }
    *doorbell = (struct doorbell){
        .offset = VIRTIO_MMIO_QUEUE_NOTIFY,
        .size = WORD,
        .value = number,
        .fd = virtio->doorbells[number].fd,
    };
    return true;
}

void virtio_describe(const struct device_instance *instance, struct tree *tree)
{
    const struct node_region registers = {instance->base.value, instance->cls->size};

    node_begin_at(tree, "virtio_mmio", instance->base.value);
    node_put_string(tree, "compatible", "virtio,mmio");
    node_put_reg(tree, &registers, 1);
    node_put_spi_edge(tree, instance->spi);
    /* Rings are in cacheable memory of the host, whatever the host's stage-2 attributes can force. */
    node_put_flag(tree, "dma-coherent");
    node_end(tree);
}
