/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/bus.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/map.h"
#include "dev/mirror.h"

static void bus_device_wake(void *arg)
{
    struct bus_device *device = arg;

    device->bus->wake(device->bus->arg, device->instance.cls->wake_source);
}

static int bus_device_show_rom(void *arg, const struct device_rom *rom, bool shown)
{
    const struct bus_device *device = arg;
    struct ipa base = ipa(device->instance.base.value + rom->offset);

    return device->bus->show_rom(device->bus->arg, base, rom, shown);
}

/* Where the device's registers are in the mirror, or NULL. */
static uint8_t *bus_device_mirror(const struct bus_device *device)
{
    const struct device_instance *instance = &device->instance;
    uint64_t offset = instance->base.value - MAP_VIRTIO_BASE;
    bool inside = offset <= MIRROR_SIZE - instance->cls->size;

    return instance->cls->mirrored && inside && device->bus->mirror != NULL
               ? device->bus->mirror + offset
               : NULL;
}

static int bus_device_create(struct bus_device *device, const struct bus_env *env)
{
    const struct device_env device_env = {
        .loop = env->loop,
        .console = env->console,
        .irq = &device->irq,
        .memory = env->memory,
        .settings = device->instance.settings,
        .wake = bus_device_wake,
        .wake_arg = device,
        .failed = env->failed,
        .failed_arg = env->arg,
        .changed = env->changed,
        .changed_arg = env->arg,
        .flash = env->flash,
        .show_rom = env->show_rom != NULL ? bus_device_show_rom : NULL,
        .rom_arg = device,
        .mirror = bus_device_mirror(device),
    };

    irq_init(&device->irq, device->instance.spi, env->drive_irq, env->arg);
    device->irq.pulse = env->pulse_irq;
    device->irq.pulse_fd = env->pulse_fd;
    return device->instance.cls->create(&device_env, &device->device);
}

static bool bus_wants_mirror(const struct bus_env *env)
{
    for (unsigned i = 0; i < env->instances->count; i++) {
        if (env->instances->at[i].cls->mirrored) {
            return env->show_rom != NULL;
        }
    }
    return false;
}

static int bus_open_mirror(struct bus *bus, const struct bus_env *env)
{
    if (!bus_wants_mirror(env)) {
        return 0;
    }
    bus->mirror = mirror_create();
    if (bus->mirror == NULL) {
        return -errno;
    }
    const struct device_rom rom = {.size = MIRROR_SIZE, .host = bus->mirror};

    return env->show_rom(env->arg, ipa(MAP_VIRTIO_BASE), &rom, true);
}

static int bus_create_devices(struct bus *bus, const struct bus_env *env)
{
    for (unsigned i = 0; i < env->instances->count; i++) {
        struct bus_device *device = &bus->devices[i];

        device->instance = env->instances->at[i];
        device->bus = bus;
        int error = bus_device_create(device, env);
        if (error != 0) {
            return error;
        }
        bus->count++;
    }
    return 0;
}

int bus_create(struct bus *bus, const struct bus_env *env)
{
    *bus = (struct bus){.wake = env->wake, .show_rom = env->show_rom, .arg = env->arg};
    int error = bus_open_mirror(bus, env);

    if (error == 0) {
        error = bus_create_devices(bus, env);
    }
    if (error != 0) {
        bus_destroy(bus);
    }
    return error;
}

void bus_destroy(struct bus *bus)
{
    while (bus->count > 0) {
        struct bus_device *device = &bus->devices[--bus->count];

        device->instance.cls->destroy(device->device);
    }
    mirror_destroy(bus->mirror);
    bus->mirror = NULL;
}

void bus_reset(struct bus *bus)
{
    for (unsigned i = 0; i < bus->count; i++) {
        bus->devices[i].instance.cls->reset(bus->devices[i].device);
    }
}

void bus_go_on(struct bus *bus)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct bus_device *device = &bus->devices[i];

        if (device->instance.cls->go_on != NULL) {
            device->instance.cls->go_on(device->device);
        }
    }
}

void bus_be_still(const struct bus *bus, bool still)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct bus_device *device = &bus->devices[i];

        if (device->instance.cls->be_still != NULL) {
            device->instance.cls->be_still(device->device, still);
        }
    }
}

/* The device whose registers hold all of [address, address + size), or NULL. */
static const struct bus_device *bus_find(const struct bus *bus, struct ipa address, unsigned size)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct device_instance *instance = &bus->devices[i].instance;
        uint64_t offset = address.value - instance->base.value;

        if (offset < instance->cls->size && size <= instance->cls->size - offset) {
            return &bus->devices[i];
        }
    }
    return NULL;
}

uint64_t bus_read(const struct bus *bus, struct ipa address, unsigned size)
{
    const struct bus_device *at = bus_find(bus, address, size);

    if (at == NULL) {
        return 0;
    }
    return at->instance.cls->read(at->device, address.value - at->instance.base.value, size);
}

void bus_write(const struct bus *bus, struct ipa address, unsigned size, uint64_t value)
{
    const struct bus_device *at = bus_find(bus, address, size);

    if (at != NULL) {
        at->instance.cls->write(at->device, address.value - at->instance.base.value, size, value);
    }
}

int bus_doorbells(const struct bus *bus,
                  int (*add)(void *arg, struct ipa address, const struct doorbell *doorbell),
                  void *arg)
{
    struct doorbell doorbell;
    int error = 0;

    for (unsigned i = 0; i < bus->count && error == 0; i++) {
        const struct bus_device *at = &bus->devices[i];
        const struct device_class *cls = at->instance.cls;

        if (cls->doorbell == NULL) {
            continue;
        }
        for (unsigned j = 0; error == 0 && cls->doorbell(at->device, j, &doorbell); j++) {
            error = add(arg, ipa_add(at->instance.base, doorbell.offset), &doorbell);
        }
    }
    return error;
}

void bus_hold(struct bus *bus, unsigned counted)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct device_class *cls = bus->devices[i].instance.cls;
        bool ignored = cls->wake_source != 0 && (cls->wake_source & counted) == 0;

        if (ignored || cls->quiet_asleep) {
            irq_hold(&bus->devices[i].irq);
        } else {
            irq_release(&bus->devices[i].irq); /* It was held in a sleep that was saved. */
        }
        if (cls->sleep_begins != NULL) {
            cls->sleep_begins(bus->devices[i].device, !ignored);
        }
    }
}

void bus_release(struct bus *bus)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct device_class *cls = bus->devices[i].instance.cls;

        irq_release(&bus->devices[i].irq);
        if (cls->sleep_ends != NULL) {
            cls->sleep_ends(bus->devices[i].device);
        }
    }
}

static bool bus_device_hears(const struct bus_device *at, enum device_key key)
{
    const struct device_class *cls = at->instance.cls;

    return cls->hears != NULL && cls->hears(at->device, key);
}

bool bus_hears(const struct bus *bus, enum device_key key)
{
    for (unsigned i = 0; i < bus->count; i++) {
        if (bus_device_hears(&bus->devices[i], key)) {
            return true;
        }
    }
    return false;
}

void bus_press(const struct bus *bus, enum device_key key)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct bus_device *at = &bus->devices[i];

        if (bus_device_hears(at, key)) {
            at->instance.cls->press(at->device, key);
        }
    }
}

struct device *bus_device(const struct bus *bus, const char *name)
{
    for (unsigned i = 0; i < bus->count; i++) {
        if (strcmp(bus->devices[i].instance.cls->name, name) == 0) {
            return bus->devices[i].device;
        }
    }
    return NULL;
}

unsigned bus_wakes_pending(const struct bus *bus)
{
    unsigned set = 0;

    for (unsigned i = 0; i < bus->count; i++) {
        const struct bus_device *at = &bus->devices[i];
        const struct device_class *cls = at->instance.cls;

        if (cls->wake_pending != NULL && cls->wake_pending(at->device)) {
            set |= cls->wake_source;
        }
    }
    return set;
}
