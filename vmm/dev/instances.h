/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of the devices of one machine, from which the bus and the device tree are made. */
#ifndef DORMOUSE_DEV_INSTANCES_H
#define DORMOUSE_DEV_INSTANCES_H

#include <stdint.h>

#include "core/ipa.h"
#include "dev/device.h"

enum { INSTANCES_MAX = 64 };

/* Starts as all zeros. In ascending order of addresses. */
struct instances {
    unsigned count;
    struct device_instance at[INSTANCES_MAX];
};

/*
 * Adds a device. Any number of devices may be of one class. Returns 0, -ENOSPC, or -EEXIST if some
 * of its addresses, or its interrupt, are another device's.
 */
int instances_add(struct instances *instances, const struct device_class *cls, struct ipa base,
                  uint32_t spi);

/*
 * Adds a virtio device of that class in one of the map's slots, 0 to MAP_VIRTIO_COUNT - 1.
 * `settings` is what the class knows of the operator's wishes, and outlives the list. Returns the
 * same, or -ENODEV if no class of that name is linked into the program.
 */
int instances_add_slot(struct instances *instances, const char *name, unsigned slot,
                       const void *settings);

/* Takes out the device of that index. */
void instances_remove(struct instances *instances, unsigned index);

/*
 * Adds the devices that every machine has: those in the map's fixed places (core/map.h). A place
 * whose device is not linked into the program stays empty. `instances` is empty before.
 */
void instances_add_fixed(struct instances *instances);

#endif
