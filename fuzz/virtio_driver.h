/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A hostile driver for a virtio device. An input is a sequence of steps of VIRTIO_STEP_SIZE bytes:
 * writes to registers, to the configuration space and to guest memory, chains of descriptors right
 * and wrong, notifications, resets. The first step that needs it brings the device up by the rules,
 * because random bytes would hardly ever get so far.
 */
#ifndef FUZZ_VIRTIO_DRIVER_H
#define FUZZ_VIRTIO_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VIRTIO_STEP_SIZE = 16 };

struct virtio_target {
    const char *name; /* of the device's class */
    const void *settings;
    unsigned queues;    /* that the driver uses */
    bool shares_memory; /* with another process, and may be refused by that */
    /* The host's side does something; NULL: it never does. */
    void (*host)(const uint8_t *bytes, size_t size);
};

/** Plays the input to a new device, and destroys that. Aborts if the device breaks a rule of its own. */
void virtio_play(const struct virtio_target *target, const uint8_t *bytes, size_t size);

#endif
