/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/bus.h"

#include <errno.h>
#include <stddef.h>

static void slot_wake(void *arg)
{
    struct bus_slot *slot = arg;

    slot->bus->wake(slot->bus->wake_arg, slot->cls->wake_source);
}

static int slot_create(struct bus_slot *slot, const struct bus_env *env)
{
    struct device_env device_env = {
        .loop = env->loop,
        .console = env->console,
        .irq = &slot->irq,
        .wake = slot_wake,
        .wake_arg = slot,
    };

    irq_init(&slot->irq, slot->cls->spi, env->drive_irq, env->arg);
    return slot->cls->create(&device_env, &slot->device);
}

int bus_create(struct bus *bus, const struct bus_env *env)
{
    size_t class_count;
    const struct device_class *const *classes = device_classes(&class_count);

    *bus = (struct bus){.wake = env->wake, .wake_arg = env->arg};
    if (class_count > BUS_DEVICE_MAX) {
        return -ENOSPC;
    }
    for (size_t i = 0; i < class_count; i++) {
        struct bus_slot *slot = &bus->slots[i];

        slot->cls = classes[i];
        slot->bus = bus;
        int error = slot_create(slot, env);
        if (error != 0) {
            bus_destroy(bus);
            return error;
        }
        bus->count++;
    }
    return 0;
}

void bus_destroy(struct bus *bus)
{
    while (bus->count > 0) {
        struct bus_slot *slot = &bus->slots[--bus->count];

        slot->cls->destroy(slot->device);
    }
}

void bus_reset(struct bus *bus)
{
    for (unsigned i = 0; i < bus->count; i++) {
        bus->slots[i].cls->reset(bus->slots[i].device);
    }
}

/* The slot whose registers hold all of [address, address + size), or NULL. */
static const struct bus_slot *find(const struct bus *bus, struct ipa address, unsigned size)
{
    for (unsigned i = 0; i < bus->count; i++) {
        const struct device_class *cls = bus->slots[i].cls;
        uint64_t offset = address.value - cls->base;

        if (offset < cls->size && size <= cls->size - offset) {
            return &bus->slots[i];
        }
    }
    return NULL;
}

uint64_t bus_read(const struct bus *bus, struct ipa address, unsigned size)
{
    const struct bus_slot *slot = find(bus, address, size);

    return slot == NULL ? 0 : slot->cls->read(slot->device, address.value - slot->cls->base, size);
}

void bus_write(const struct bus *bus, struct ipa address, unsigned size, uint64_t value)
{
    const struct bus_slot *slot = find(bus, address, size);

    if (slot != NULL) {
        slot->cls->write(slot->device, address.value - slot->cls->base, size, value);
    }
}

void bus_hold(struct bus *bus, unsigned counted)
{
    for (unsigned i = 0; i < bus->count; i++) {
        unsigned source = bus->slots[i].cls->wake_source;

        if (source != 0 && (source & counted) == 0) {
            irq_hold(&bus->slots[i].irq);
        }
    }
}

void bus_release(struct bus *bus)
{
    for (unsigned i = 0; i < bus->count; i++) {
        irq_release(&bus->slots[i].irq);
    }
}

unsigned bus_wakes_pending(const struct bus *bus)
{
    unsigned set = 0;

    for (unsigned i = 0; i < bus->count; i++) {
        const struct bus_slot *slot = &bus->slots[i];

        if (slot->cls->wake_pending != NULL && slot->cls->wake_pending(slot->device)) {
            set |= slot->cls->wake_source;
        }
    }
    return set;
}
