/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of a device share. mmio.c, the registers, calls virtio.c, the device's life; both call
 * mmio_registers.c. With the lock held.
 */
#ifndef DORMOUSE_DEV_VIRTIO_PARTS_H
#define DORMOUSE_DEV_VIRTIO_PARTS_H

#include "dev/node.h"
#include "dev/virtio/virtio.h"

/* DriverFeatures, of which DriverFeaturesSel has selected a half. */
void virtio_set_features(struct virtio *virtio, uint32_t half, uint32_t bits);
/* QueueReady of that queue. */
void virtio_set_ready(struct virtio *virtio, uint32_t queue, uint32_t ready);
/* Status; 0 is a reset. */
void virtio_set_status(struct virtio *virtio, uint32_t status);

/* What the aligned word at that offset below the configuration space reads. */
uint32_t registers_read(struct virtio *virtio, uint64_t offset);
/* The selected queue, or NULL if the device has none of that number. */
struct queue *registers_queue(struct virtio *virtio);

/*
 * Put what changed into the mirror, if there is one: InterruptStatus and Status; the configuration
 * space and its generation; everything that can change. The last one also puts what never changes,
 * which a new device needs.
 */
void registers_show_state(struct virtio *virtio);
void registers_show_config(struct virtio *virtio);
void registers_show(struct virtio *virtio);
void registers_show_all(struct virtio *virtio);

/* The driver handles an interrupt: tells the device which queues that are lent have moved. */
void virtio_look_at_lent(struct virtio *virtio);

#endif
