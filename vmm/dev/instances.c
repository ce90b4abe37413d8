/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/instances.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/map.h"

static bool instances_collide(const struct device_instance *a, const struct device_instance *b)
{
    bool apart = a->base.value + a->cls->size <= b->base.value ||
                 b->base.value + b->cls->size <= a->base.value;

    return !apart || (a->spi == b->spi && a->spi != DEVICE_NO_SPI);
}

static int instances_insert(struct instances *instances, struct device_instance added)
{
    unsigned at = instances->count;

    if (instances->count == INSTANCES_MAX) {
        return -ENOSPC;
    }
    for (unsigned i = 0; i < instances->count; i++) {
        if (instances_collide(&instances->at[i], &added)) {
            return -EEXIST;
        }
    }
    for (; at > 0 && instances->at[at - 1].base.value > added.base.value; at--) {
        instances->at[at] = instances->at[at - 1];
    }
    instances->at[at] = added;
    instances->count++;
    return 0;
}

int instances_add(struct instances *instances, const struct device_class *cls, struct ipa base,
                  uint32_t spi)
{
    return instances_insert(instances,
                            (struct device_instance){.cls = cls, .base = base, .spi = spi});
}

int instances_add_slot(struct instances *instances, const char *name, unsigned slot,
                       const void *settings)
{
    const struct device_instance added = {
        .cls = device_class_find(name),
        .base = ipa(MAP_VIRTIO_BASE + slot * MAP_VIRTIO_STRIDE),
        .spi = MAP_VIRTIO_SPI + slot,
        .settings = settings,
    };

    return added.cls != NULL ? instances_insert(instances, added) : -ENODEV;
}

void instances_remove(struct instances *instances, unsigned index)
{
    instances->count--;
    for (unsigned i = index; i < instances->count; i++) {
        instances->at[i] = instances->at[i + 1];
    }
}

void instances_add_fixed(struct instances *instances)
{
    for (unsigned i = 0; i < MAP_PLACE_COUNT; i++) {
        const struct map_place *place = &map_places[i];
        const struct device_class *cls = device_class_find(place->device);

        /* Cannot fail: the places are few, and none is part of another. */
        if (cls != NULL) {
            (void)instances_add(instances, cls, place->base, place->spi);
        }
    }
}
