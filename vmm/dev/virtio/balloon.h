/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operator does with a virtio-balloon: asks the guest for memory, and learns how much the
 * guest has given. `device` is one of the class "virtio-balloon". Main thread.
 */
#ifndef DORMOUSE_DEV_VIRTIO_BALLOON_H
#define DORMOUSE_DEV_VIRTIO_BALLOON_H

#include <stdint.h>

struct device;

/* `changed` is called, at most once a second, after the guest has given memory or taken it back. */
void balloon_watch(struct device *device, void (*changed)(void *arg), void *arg);

/* Asks the guest to give so many bytes in all. It does so later, or in part, or not at all. */
void balloon_ask(struct device *device, uint64_t bytes);

/* How many bytes the guest has given. */
uint64_t balloon_given(struct device *device);

#endif
