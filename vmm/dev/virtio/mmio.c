/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the MMIO transport (virtio 1.2, 4.2.2). */
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#include "dev/irq.h"
#include "dev/virtio/virtio_parts.h"

enum { WORD = 4 };

static void mmio_set_half(uint64_t *value, bool high, uint32_t half)
{
    unsigned shift = high ? 32 : 0;

    *value = (*value & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)half << shift;
}

/* What the selected queue's driver may change only while the queue is not ready. */
static void mmio_write_queue(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    struct queue *queue = registers_queue(virtio);

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
    virtio_look_at_lent(virtio);
    registers_show_state(virtio);
}

/* Registers that are written while requests are under way. They change little. */
static bool mmio_write_often(struct virtio *virtio, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        virtio_ring(virtio, value);
        return true;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        mmio_acknowledge(virtio, value);
        return true;
    default:
        return false;
    }
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
        value = registers_read(virtio, offset);
    }
    virtio_unlock(virtio);
    return value;
}

static void mmio_write(struct virtio *virtio, uint64_t offset, unsigned size, uint64_t value)
{
    if (offset < VIRTIO_MMIO_CONFIG) {
        if (mmio_is_word(offset, size)) {
            mmio_write_word(virtio, offset, (uint32_t)value);
        }
    } else if (virtio->type->write_config != NULL &&
               offset - VIRTIO_MMIO_CONFIG + size <= virtio->config_size) {
        virtio->type->write_config(virtio_device(virtio), offset - VIRTIO_MMIO_CONFIG, size, value);
    }
}

void virtio_write(struct device *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct virtio *virtio = virtio_of(device);

    virtio_lock(virtio);
    if (!mmio_is_word(offset, size) || !mmio_write_often(virtio, offset, (uint32_t)value)) {
        mmio_write(virtio, offset, size, value);
        registers_show(virtio);
    }
    virtio_unlock(virtio);
}

/*
 * The driver acknowledges used buffers in each interrupt. KVM takes that, so no vCPU leaves it, and
 * InterruptStatus goes on naming them: a driver looks at its rings once too often at most, in an
 * interrupt for something else. Whatever else it acknowledges comes to mmio_acknowledge().
 */
static bool mmio_acknowledgement(const struct virtio *virtio, struct doorbell *doorbell)
{
    *doorbell = (struct doorbell){
        .offset = VIRTIO_MMIO_INTERRUPT_ACK,
        .size = WORD,
        .value = VIRTIO_MMIO_INT_VRING,
        .fd = virtio->acknowledged,
    };
    return virtio->acknowledged >= 0;
}

bool virtio_doorbell(struct device *device, unsigned number, struct doorbell *doorbell)
{
    const struct virtio *virtio = virtio_of(device);

    if (number >= virtio->queue_count) {
        return number == virtio->queue_count && mmio_acknowledgement(virtio, doorbell);
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
