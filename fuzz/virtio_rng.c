/* SPDX-License-Identifier: BSD-2-Clause */
/* Input: what a hostile driver does to virtio-rng, and so to the transport and the rings of all devices. */
#include "virtio_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    virtio_play(&(struct virtio_target){.name = "virtio-rng", .queues = 1}, bytes, size);
    return 0;
}
