/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_driver.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "core/map.h"
#include "core/memory.h"
#include "dev/device.h"
#include "dev/irq.h"
#include "dev/virtio/virtio.h"
#include "events.h"

enum {
    RAM_SIZE = 256 << 10, /* as little as does: it is zeroed for each input */
    QUEUE_SIZE = 8,
    QUEUE_STRIDE = 0x1000, /* the table at 0, the available ring at 0x400, the used one at 0x800 */
    AVAILABLE = 0x400,
    USED = 0x800,
    BUFFERS = 0x8000, /* after the rings of up to 8 queues */
    BUFFER_COUNT = (RAM_SIZE - BUFFERS) >> 12,
};

/* What all inputs use, one after the other. */
static struct {
    struct loop *loop;
    struct memory memory;
    _Alignas(uint32_t) uint8_t mirror[VIRTIO_REGISTERS_SIZE];
} rig;

struct driver {
    const struct virtio_target *target;
    const struct device_class *cls;
    struct device *device;
    struct irq_line irq;
    bool up;
};

void __wrap_report(const char *format, ...);

/* Replaces base/report: a line for each driver at fault would be all that a run prints. */
void __wrap_report(const char *format, ...)
{
    (void)format;
}

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static void ignore_level(void *arg, uint32_t spi, bool level)
{
    (void)arg;
    (void)spi;
    (void)level;
}

static void ignore_wake(void *arg)
{
    (void)arg;
}

static void ignore_failure(void *arg, const struct device_failure *failure)
{
    (void)arg;
    (void)failure;
}

static void write_register(struct driver *driver, uint64_t offset, uint32_t value)
{
    driver->cls->write(driver->device, offset, sizeof(value), value);
}

static uint32_t read_register(struct driver *driver, uint64_t offset)
{
    return (uint32_t)driver->cls->read(driver->device, offset, sizeof(uint32_t));
}

static void write_memory(uint64_t offset, const void *bytes, size_t size)
{
    void *host = memory_at(&rig.memory, ipa(MAP_RAM_BASE + offset), size);

    if (host != NULL) {
        memcpy(host, bytes, size);
    }
}

static uint64_t rings_of(unsigned queue)
{
    return (uint64_t)queue * QUEUE_STRIDE;
}

static void start_queue(struct driver *driver, unsigned number)
{
    uint64_t base = MAP_RAM_BASE + rings_of(number);

    memset(memory_at(&rig.memory, ipa(base), QUEUE_STRIDE), 0, QUEUE_STRIDE);
    write_register(driver, VIRTIO_MMIO_QUEUE_SEL, number);
    write_register(driver, VIRTIO_MMIO_QUEUE_NUM, QUEUE_SIZE);
    write_register(driver, VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)base);
    write_register(driver, VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)(base + AVAILABLE));
    write_register(driver, VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)(base + USED));
    write_register(driver, VIRTIO_MMIO_QUEUE_READY, 1);
}

/* Brings the device up with those of its features that `mask` leaves, and VERSION_1. */
static void start(struct driver *driver, uint64_t mask)
{
    const uint32_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

    write_register(driver, VIRTIO_MMIO_STATUS, 0);
    write_register(driver, VIRTIO_MMIO_STATUS, status);
    for (unsigned half = 0; half < 2; half++) {
        write_register(driver, VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
        uint32_t offered = read_register(driver, VIRTIO_MMIO_DEVICE_FEATURES);
        uint32_t wanted = (uint32_t)(mask >> 32 * half) | (half == 1 ? 1u : 0u);

        write_register(driver, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
        write_register(driver, VIRTIO_MMIO_DRIVER_FEATURES, offered & wanted);
    }
    write_register(driver, VIRTIO_MMIO_STATUS, status | VIRTIO_CONFIG_S_FEATURES_OK);
    for (unsigned i = 0; i < driver->target->queues; i++) {
        start_queue(driver, i);
    }
    write_register(driver, VIRTIO_MMIO_STATUS,
                   status | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
    driver->up = true;
}

static uint64_t buffer_of(uint8_t number)
{
    return BUFFERS + ((uint64_t)(number % BUFFER_COUNT) << 12);
}

/* Writes one descriptor, by the rules as far as the step says so. */
static void write_descriptor(struct driver *driver, const uint8_t *step)
{
    unsigned queue = step[1] % driver->target->queues;
    struct vring_desc one = {
        .addr = MAP_RAM_BASE + buffer_of(step[3]) + step[4],
        .len = step[5] | (uint32_t)step[6] << 8 | (uint32_t)(step[7] & 0x80) << 24,
        .flags = step[8] & 7,
        .next = step[9] % (QUEUE_SIZE + 1),
    };

    if ((step[8] & 0x80) != 0) {
        one.addr ^= UINT64_C(1) << (step[8] & 63);
    }
    write_memory(rings_of(queue) + (step[2] % QUEUE_SIZE) * sizeof(one), &one, sizeof(one));
}

static void publish(struct driver *driver, const uint8_t *step)
{
    unsigned queue = step[1] % driver->target->queues;
    uint64_t ring = rings_of(queue) + AVAILABLE;
    struct vring_avail *available = memory_at(&rig.memory, ipa(MAP_RAM_BASE + ring), 0x400);

    available->ring[available->idx % QUEUE_SIZE] = step[2] % (QUEUE_SIZE + 1);
    available->idx = (uint16_t)(available->idx + (step[3] == 0xff ? step[4] : 1));
    write_register(driver, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
    events_run_loop(rig.loop);
}

static void reset_machine(struct driver *driver)
{
    static const struct virtio_state fresh;

    driver->cls->reset(driver->device);
    /* What follows is the device's own, such as a write cache that is on. */
    check(memcmp(device_state(driver->cls, driver->device), &fresh, sizeof(fresh)) == 0);
    driver->up = false;
}

/* A guest that reads from the mirror sees the same register. */
static void check_mirror_at(const struct driver *driver, uint64_t offset)
{
    uint32_t shown;

    memcpy(&shown, rig.mirror + offset, sizeof(shown));
    check(driver->cls->read(driver->device, offset, sizeof(shown)) == shown);
}

/* To read all registers takes as long as a dozen steps, so this is for the end of an input. */
static void check_mirror(const struct driver *driver)
{
    for (uint64_t offset = 0; offset < VIRTIO_REGISTERS_SIZE; offset += sizeof(uint32_t)) {
        check_mirror_at(driver, offset);
    }
}

static void access_any(struct driver *driver, const uint8_t *step, uint64_t base)
{
    uint64_t value;
    unsigned size = 1u << (step[1] & 3);
    uint64_t offset = base + step[2];

    memcpy(&value, step + 8, sizeof(value));
    if ((step[1] & 4) != 0) {
        driver->cls->write(driver->device, offset, size, value);
    } else {
        value = driver->cls->read(driver->device, offset, size);
        check(size == 8 || value >> (8 * size) == 0);
        if (offset < VIRTIO_REGISTERS_SIZE) {
            check_mirror_at(driver, offset & ~(sizeof(uint32_t) - 1));
        }
    }
}

/* The guest falls asleep and wakes. A driver that is right has reset the device before; this one may not. */
static void sleep_once(struct driver *driver, bool counted)
{
    const struct device_class *cls = driver->cls;

    if (cls->sleep_begins != NULL) {
        cls->sleep_begins(driver->device, counted);
    }
    events_run_loop(rig.loop);
    if (cls->wake_pending != NULL) {
        (void)cls->wake_pending(driver->device);
    }
    if (cls->sleep_ends != NULL) {
        cls->sleep_ends(driver->device);
    }
}

static void take_step(struct driver *driver, const uint8_t *step)
{
    uint64_t mask;

    memcpy(&mask, step + 8, sizeof(mask));
    if (!driver->up && step[0] % 16 > 3) {
        start(driver, UINT64_MAX);
    }
    switch (step[0] % 16) {
    case 0:
        reset_machine(driver);
        return;
    case 1:
        start(driver, mask);
        return;
    case 2:
        access_any(driver, step, 0);
        return;
    case 3:
        access_any(driver, step, VIRTIO_MMIO_CONFIG);
        return;
    case 4:
        write_memory((unsigned)step[1] << 8 | step[2], step + 3, 12);
        return;
    case 5:
    case 6:
        write_memory(buffer_of(step[1]) + step[2], step + 3, 13);
        return;
    case 7:
        if (step[1] == 0xff) {
            sleep_once(driver, step[2] % 2 != 0);
        } else if (driver->target->host != NULL) {
            driver->target->host(step + 1, VIRTIO_STEP_SIZE - 1);
        }
        events_run_loop(rig.loop);
        return;
    case 8:
    case 9:
    case 10:
    case 11:
        write_descriptor(driver, step);
        return;
    default:
        publish(driver, step);
        return;
    }
}

static int create_memory(bool shared)
{
    return shared ? memory_create_shared(&rig.memory, ipa(MAP_RAM_BASE), RAM_SIZE)
                  : memory_create(&rig.memory, ipa(MAP_RAM_BASE), RAM_SIZE);
}

/* To make all this for each input would take most of the time. */
static void open_rig(const struct virtio_target *target)
{
    if (rig.loop == NULL) {
        rig.loop = loop_create();
        check(rig.loop != NULL && create_memory(target->shares_memory) == 0);
    }
    memset(memory_at(&rig.memory, ipa(MAP_RAM_BASE), RAM_SIZE), 0, RAM_SIZE);
}

static void open_driver(struct driver *driver, const struct virtio_target *target)
{
    *driver = (struct driver){.target = target, .cls = device_class_find(target->name)};
    check(driver->cls != NULL && target->queues <= BUFFERS / QUEUE_STRIDE);
    irq_init(&driver->irq, MAP_VIRTIO_SPI, ignore_level, NULL);
    const struct device_env env = {
        .loop = rig.loop,
        .irq = &driver->irq,
        .memory = &rig.memory,
        .settings = target->settings,
        .wake = ignore_wake,
        .failed = ignore_failure,
        .mirror = rig.mirror,
    };
    int error = driver->cls->create(&env, &driver->device);
    check(error == 0 || target->shares_memory);
}

void virtio_play(const struct virtio_target *target, const uint8_t *bytes, size_t size)
{
    struct driver driver;

    open_rig(target);
    open_driver(&driver, target);
    for (size_t at = 0; driver.device != NULL && at + VIRTIO_STEP_SIZE <= size;
         at += VIRTIO_STEP_SIZE) {
        take_step(&driver, bytes + at);
    }
    if (driver.device != NULL) {
        check_mirror(&driver);
        driver.cls->destroy(driver.device);
    }
    check(events_open_count() == 0);
}
