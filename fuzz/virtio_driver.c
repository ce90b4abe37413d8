/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_driver.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/loop.h"
#include "core/map.h"
#include "core/memory.h"
#include "dev/device.h"
#include "dev/irq.h"

enum {
    RAM_SIZE = 2 << 20,
    QUEUE_SIZE = 8,
    QUEUE_STRIDE = 0x1000, /* the table at 0, the available ring at 0x400, the used one at 0x800 */
    AVAILABLE = 0x400,
    USED = 0x800,
    BUFFERS = 0x20000, /* after the rings of up to 32 queues */
};

struct driver {
    const struct virtio_target *target;
    const struct device_class *cls;
    struct device *device;
    struct loop *loop;
    struct memory memory;
    struct irq_line irq;
    int end_fd; /* eventfd: the loop stops when it comes to this */
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

static void on_end(void *arg, uint32_t events)
{
    struct driver *driver = arg;
    eventfd_t count;

    (void)events;
    check(eventfd_read(driver->end_fd, &count) == 0);
    loop_stop(driver->loop);
}

/* What is ready before the end is served before it; a second round serves what that made ready. */
static void run_loop(struct driver *driver)
{
    for (unsigned i = 0; i < 2; i++) {
        check(eventfd_write(driver->end_fd, 1) == 0);
        check(loop_run(driver->loop) == 0);
    }
}

static void write_register(struct driver *driver, uint64_t offset, uint32_t value)
{
    driver->cls->write(driver->device, offset, sizeof(value), value);
}

static uint32_t read_register(struct driver *driver, uint64_t offset)
{
    return (uint32_t)driver->cls->read(driver->device, offset, sizeof(uint32_t));
}

static void write_memory(struct driver *driver, uint64_t offset, const void *bytes, size_t size)
{
    void *host = memory_at(&driver->memory, ipa(MAP_RAM_BASE + offset), size);

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

    memset(memory_at(&driver->memory, ipa(base), QUEUE_STRIDE), 0, QUEUE_STRIDE);
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

/* Writes one descriptor, by the rules as far as the step says so. */
static void write_descriptor(struct driver *driver, const uint8_t *step)
{
    unsigned queue = step[1] % driver->target->queues;
    struct vring_desc one = {
        .addr = MAP_RAM_BASE + BUFFERS + ((unsigned)step[3] << 12) + step[4],
        .len = step[5] | (uint32_t)step[6] << 8 | (uint32_t)(step[7] & 0x80) << 24,
        .flags = step[8] & 7,
        .next = step[9] % (QUEUE_SIZE + 1),
    };

    if ((step[8] & 0x80) != 0) {
        one.addr ^= UINT64_C(1) << (step[8] & 63);
    }
    write_memory(driver, rings_of(queue) + (step[2] % QUEUE_SIZE) * sizeof(one), &one, sizeof(one));
}

static void publish(struct driver *driver, const uint8_t *step)
{
    unsigned queue = step[1] % driver->target->queues;
    uint64_t ring = rings_of(queue) + AVAILABLE;
    struct vring_avail *available = memory_at(&driver->memory, ipa(MAP_RAM_BASE + ring), 0x400);

    available->ring[available->idx % QUEUE_SIZE] = step[2] % (QUEUE_SIZE + 1);
    available->idx = (uint16_t)(available->idx + (step[3] == 0xff ? step[4] : 1));
    write_register(driver, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
    run_loop(driver);
}

static void reset_machine(struct driver *driver)
{
    const uint8_t *state = device_state(driver->cls, driver->device);

    driver->cls->reset(driver->device);
    for (size_t i = 0; i < driver->cls->state_size; i++) {
        check(state[i] == 0);
    }
    driver->up = false;
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
    }
}

/* The guest falls asleep and wakes. A driver that is right has reset the device before; this one may not. */
static void sleep_once(struct driver *driver, bool counted)
{
    const struct device_class *cls = driver->cls;

    if (cls->sleep_begins != NULL) {
        cls->sleep_begins(driver->device, counted);
    }
    run_loop(driver);
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
        write_memory(driver, (unsigned)step[1] << 8 | step[2], step + 3, 12);
        return;
    case 5:
    case 6:
        write_memory(driver, BUFFERS + ((unsigned)step[1] << 12) + step[2], step + 3, 13);
        return;
    case 7:
        if (step[1] == 0xff) {
            sleep_once(driver, step[2] % 2 != 0);
        } else if (driver->target->host != NULL) {
            driver->target->host(step + 1, VIRTIO_STEP_SIZE - 1);
        }
        run_loop(driver);
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

static int create_memory(struct driver *driver)
{
    return driver->target->shares_memory
               ? memory_create_shared(&driver->memory, ipa(MAP_RAM_BASE), RAM_SIZE)
               : memory_create(&driver->memory, ipa(MAP_RAM_BASE), RAM_SIZE);
}

static void open_driver(struct driver *driver, const struct virtio_target *target)
{
    *driver = (struct driver){
        .target = target,
        .cls = device_class_find(target->name),
        .loop = loop_create(),
        .end_fd = eventfd(0, EFD_NONBLOCK),
    };
    check(driver->cls != NULL && driver->loop != NULL && driver->end_fd >= 0);
    check(create_memory(driver) == 0);
    irq_init(&driver->irq, MAP_VIRTIO_SPI, ignore_level, NULL);
    const struct device_env env = {
        .loop = driver->loop,
        .irq = &driver->irq,
        .memory = &driver->memory,
        .settings = target->settings,
        .wake = ignore_wake,
        .failed = ignore_failure,
    };
    int error = driver->cls->create(&env, &driver->device);
    check(error == 0 || target->shares_memory);
}

void virtio_play(const struct virtio_target *target, const uint8_t *bytes, size_t size)
{
    struct driver driver;

    open_driver(&driver, target);
    struct loop_source *end = loop_add(driver.loop, driver.end_fd, EPOLLIN, on_end, &driver);
    check(end != NULL);
    for (size_t at = 0; driver.device != NULL && at + VIRTIO_STEP_SIZE <= size;
         at += VIRTIO_STEP_SIZE) {
        take_step(&driver, bytes + at);
    }
    if (driver.device != NULL) {
        driver.cls->destroy(driver.device);
    }
    loop_close(end, driver.end_fd);
    loop_destroy(driver.loop);
    memory_destroy(&driver.memory);
}
