/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum of images: CRC-32 as zlib, gzip and PNG have it. */
#ifndef DORMOUSE_STATE_CHECKSUM_H
#define DORMOUSE_STATE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Continues `sum`, which begins with 0. Any thread. */
uint32_t checksum_add(uint32_t sum, const void *bytes, size_t size);

#endif
