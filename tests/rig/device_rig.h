/* SPDX-License-Identifier: BSD-2-Clause */
/* A device as in a machine, found by its name, with an interrupt line that tests can read. */
#ifndef DORMOUSE_TESTS_DEVICE_RIG_H
#define DORMOUSE_TESTS_DEVICE_RIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dev/device.h"
#include "dev/irq.h"

enum { DEVICE_RIG_STATE_MAX = 256 };

struct device_rig {
    struct device_instance instance;
    const struct device_class *cls;
    struct device *device;
    struct device_env env;
    struct irq_line irq;
    atomic_bool line; /* as the GIC sees it */
    uint32_t spi;
    unsigned tells;                      /* calls of env.changed() */
    unsigned wakes;                      /* calls of env.wake() */
    uint8_t fresh[DEVICE_RIG_STATE_MAX]; /* a copy of the state after create() */
};

/* Creates the device. Fails the test if there is none of that name. */
void device_rig_create(struct device_rig *rig, const char *name, struct loop *loop,
                       struct console *console);
void device_rig_destroy(struct device_rig *rig);

/* Counts the bytes of the state, and of the interrupt line, that differ from a new device. */
unsigned device_rig_changes(const struct device_rig *rig);

/* Gives a device the state of another of its class, as a restore does. */
void device_rig_copy_state(struct device_rig *to, const struct device_rig *from);

/*
 * Sets each byte of a saved state in turn to some values. What the device takes over must do no harm:
 * each register is read then, and the guest's resets come through. Sanitizers watch.
 */
void device_rig_try_states(struct device_rig *rig);

/* One 32-bit access. */
uint32_t device_rig_read(struct device_rig *rig, uint64_t offset);
void device_rig_write(struct device_rig *rig, uint64_t offset, uint32_t value);

/*
 * Checks the node that the device adds to a tree: its name, the address of its registers, its
 * interrupt, and its lists of strings, given with a slash in place of the NUL between two.
 */
struct device_rig_node {
    const char *path;
    const char *compatible;
    const char *clock_names;
    uint64_t base;
    uint32_t spi;
};
void device_rig_check_node(const struct device_rig *rig, const struct device_rig_node *expected);

#endif
