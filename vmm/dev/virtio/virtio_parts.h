/* SPDX-License-Identifier: BSD-2-Clause */
/* What virtio.c, the device's life, does for mmio.c, its registers. With the lock held. */
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

#endif
