/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "core/map.h"
#include "dev/instances.h"
#include "dev/mirror.h"
#include "drive.h"

enum { RINGS_STRIDE = 0x4000, RINGS_AVAILABLE = 0x1000, RINGS_USED = 0x2000 };

static void count_pulse(void *arg, uint32_t spi)
{
    (void)spi;
    ((struct virtio_rig *)arg)->pulses++;
}

static void ignore_level(void *arg, uint32_t spi, bool level)
{
    (void)arg;
    (void)spi;
    (void)level;
}

static void count_tell(void *arg)
{
    ((struct virtio_rig *)arg)->tells++;
}

static void count_wake(void *arg)
{
    ((struct virtio_rig *)arg)->wakes++;
}

static void count_failure(void *arg, const struct device_failure *failure)
{
    struct virtio_rig *rig = arg;

    rig->failures++;
    rig->failure_pauses = failure->pauses;
    rig->failure_no_space = failure->no_space;
}

typedef int create_memory_fn(struct memory *memory, struct ipa base, uint64_t size);

static int try_create(struct virtio_rig *rig, const char *name, const void *settings,
                      create_memory_fn *create_memory)
{
    *rig = (struct virtio_rig){.loop = loop_create(), .cls = device_class_find(name)};
    assert_non_null(rig->loop);
    assert_non_null(rig->cls);
    assert_int_equal(create_memory(&rig->memory, ipa(MAP_RAM_BASE), VIRTIO_RIG_MEMORY), 0);
    irq_init(&rig->irq, MAP_VIRTIO_SPI, ignore_level, rig);
    rig->irq.pulse = count_pulse;
    rig->features = UINT64_MAX;
    rig->mirror = mirror_create();
    assert_non_null(rig->mirror);
    const struct device_env env = {
        .loop = rig->loop,
        .irq = &rig->irq,
        .memory = &rig->memory,
        .settings = settings,
        .wake = count_wake,
        .wake_arg = rig,
        .failed = count_failure,
        .failed_arg = rig,
        .changed = count_tell,
        .changed_arg = rig,
        .mirror = rig->mirror,
    };
    return rig->cls->create(&env, &rig->device);
}

int virtio_rig_try_create(struct virtio_rig *rig, const char *name, const void *settings)
{
    return try_create(rig, name, settings, memory_create);
}

int virtio_rig_try_create_shared(struct virtio_rig *rig, const char *name, const void *settings)
{
    return try_create(rig, name, settings, memory_create_shared);
}

void virtio_rig_create(struct virtio_rig *rig, const char *name, const void *settings)
{
    assert_int_equal(virtio_rig_try_create(rig, name, settings), 0);
}

void virtio_rig_destroy(struct virtio_rig *rig)
{
    if (rig->device != NULL) {
        rig->cls->destroy(rig->device);
    }
    mirror_destroy(rig->mirror);
    memory_destroy(&rig->memory);
    loop_destroy(rig->loop);
}

/* From the device, and from its mirror. */
static uint64_t read_twice(struct virtio_rig *rig, uint64_t offset, unsigned size)
{
    uint64_t value = rig->cls->read(rig->device, offset, size);
    uint64_t shown = 0;

    memcpy(&shown, rig->mirror + offset, size);
    assert_int_equal(shown, value);
    return value;
}

uint32_t virtio_rig_read(struct virtio_rig *rig, uint64_t offset)
{
    return (uint32_t)read_twice(rig, offset, sizeof(uint32_t));
}

void virtio_rig_write(struct virtio_rig *rig, uint64_t offset, uint32_t value)
{
    rig->cls->write(rig->device, offset, sizeof(value), value);
}

uint64_t virtio_rig_config(struct virtio_rig *rig, uint64_t offset, unsigned size)
{
    return read_twice(rig, VIRTIO_MMIO_CONFIG + offset, size);
}

void *virtio_rig_at(struct virtio_rig *rig, uint64_t address, size_t size)
{
    void *host = memory_at(&rig->memory, ipa(address), size);

    assert_non_null(host);
    return host;
}

static void set_address(struct virtio_rig *rig, uint64_t low_register, uint64_t address)
{
    virtio_rig_write(rig, low_register, (uint32_t)address);
    virtio_rig_write(rig, low_register + 4, (uint32_t)(address >> 32));
}

static void start_queue(struct virtio_rig *rig, unsigned number)
{
    struct virtio_rig_queue *queue = &rig->queues[number];
    uint64_t base = MAP_RAM_BASE + (uint64_t)number * RINGS_STRIDE;

    memset(virtio_rig_at(rig, base, RINGS_STRIDE), 0, RINGS_STRIDE);
    *queue = (struct virtio_rig_queue){
        .base = base,
        .table = virtio_rig_at(rig, base, RINGS_AVAILABLE),
        .available = virtio_rig_at(rig, base + RINGS_AVAILABLE, RINGS_AVAILABLE),
        .used = virtio_rig_at(rig, base + RINGS_USED, RINGS_AVAILABLE),
    };
    virtio_rig_write(rig, VIRTIO_MMIO_QUEUE_SEL, number);
    assert_true(virtio_rig_read(rig, VIRTIO_MMIO_QUEUE_NUM_MAX) >= VIRTIO_RIG_QUEUE_SIZE);
    virtio_rig_write(rig, VIRTIO_MMIO_QUEUE_NUM, VIRTIO_RIG_QUEUE_SIZE);
    set_address(rig, VIRTIO_MMIO_QUEUE_DESC_LOW, base);
    set_address(rig, VIRTIO_MMIO_QUEUE_AVAIL_LOW, base + RINGS_AVAILABLE);
    set_address(rig, VIRTIO_MMIO_QUEUE_USED_LOW, base + RINGS_USED);
    virtio_rig_write(rig, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(virtio_rig_read(rig, VIRTIO_MMIO_QUEUE_READY), 1);
}

static uint64_t read_features(struct virtio_rig *rig)
{
    virtio_rig_write(rig, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    uint64_t high = virtio_rig_read(rig, VIRTIO_MMIO_DEVICE_FEATURES);
    virtio_rig_write(rig, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return high << 32 | virtio_rig_read(rig, VIRTIO_MMIO_DEVICE_FEATURES);
}

void virtio_rig_start(struct virtio_rig *rig, unsigned queues)
{
    uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

    virtio_rig_write(rig, VIRTIO_MMIO_STATUS, status);
    rig->features &= read_features(rig);
    for (unsigned half = 0; half < 2; half++) {
        virtio_rig_write(rig, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
        virtio_rig_write(rig, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(rig->features >> 32 * half));
    }
    status |= VIRTIO_CONFIG_S_FEATURES_OK;
    virtio_rig_write(rig, VIRTIO_MMIO_STATUS, status);
    assert_int_equal(virtio_rig_read(rig, VIRTIO_MMIO_STATUS), status);
    for (unsigned i = 0; i < queues; i++) {
        start_queue(rig, i);
    }
    virtio_rig_write(rig, VIRTIO_MMIO_STATUS, status | VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_rig_reset(struct virtio_rig *rig)
{
    virtio_rig_write(rig, VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(virtio_rig_read(rig, VIRTIO_MMIO_STATUS), 0);
}

void virtio_rig_publish(struct virtio_rig *rig, unsigned queue, uint16_t head)
{
    struct vring_avail *available = rig->queues[queue].available;

    available->ring[available->idx % VIRTIO_RIG_QUEUE_SIZE] = head;
    __atomic_store_n(&available->idx, (uint16_t)(available->idx + 1), __ATOMIC_RELEASE);
}

uint16_t virtio_rig_add(struct virtio_rig *rig, unsigned number,
                        const struct virtio_rig_buffer *buffers, unsigned count)
{
    struct virtio_rig_queue *queue = &rig->queues[number];
    uint16_t head = queue->next_descriptor;

    for (unsigned i = 0; i < count; i++) {
        uint16_t at = (uint16_t)((head + i) % VIRTIO_RIG_QUEUE_SIZE);
        unsigned flags = i + 1 < count ? VRING_DESC_F_NEXT : 0;

        queue->table[at] = (struct vring_desc){
            .addr = buffers[i].address,
            .len = buffers[i].length,
            .flags = (uint16_t)(flags | (buffers[i].written ? VRING_DESC_F_WRITE : 0u)),
            .next = (uint16_t)((at + 1) % VIRTIO_RIG_QUEUE_SIZE),
        };
    }
    queue->next_descriptor = (uint16_t)((head + count) % VIRTIO_RIG_QUEUE_SIZE);
    virtio_rig_publish(rig, number, head);
    return head;
}

void virtio_rig_run(struct virtio_rig *rig)
{
    drive_until_idle(rig->loop);
}

void virtio_rig_notify(struct virtio_rig *rig, unsigned queue)
{
    virtio_rig_write(rig, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
    virtio_rig_run(rig);
}

struct wish {
    struct virtio_rig *rig;
    unsigned queue;
};

static bool has_used(void *arg)
{
    const struct wish *wish = arg;
    const struct virtio_rig_queue *at = &wish->rig->queues[wish->queue];

    return __atomic_load_n(&at->used->idx, __ATOMIC_ACQUIRE) != at->seen;
}

bool virtio_rig_used(struct virtio_rig *rig, unsigned queue, struct vring_used_elem *used)
{
    struct virtio_rig_queue *at = &rig->queues[queue];

    if (!has_used(&(struct wish){rig, queue})) {
        return false;
    }
    *used = at->used->ring[at->seen++ % VIRTIO_RIG_QUEUE_SIZE];
    return true;
}

struct vring_used_elem virtio_rig_wait(struct virtio_rig *rig, unsigned queue)
{
    struct vring_used_elem used = {0};

    drive_until(rig->loop, has_used, &(struct wish){rig, queue});
    assert_true(virtio_rig_used(rig, queue, &used));
    return used;
}
