/* SPDX-License-Identifier: BSD-2-Clause */
/* Input: what a hostile driver does to virtio-balloon: lists of pages, and reports of free memory. */
#include "virtio_driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    virtio_play(&(struct virtio_target){.name = "virtio-balloon", .queues = 3}, bytes, size);
    return 0;
}
