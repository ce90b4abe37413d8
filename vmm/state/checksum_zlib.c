/* SPDX-License-Identifier: BSD-2-Clause */
#include <zlib.h>

#include "state/checksum.h"

uint32_t checksum_add(uint32_t sum, const void *bytes, size_t size)
{
    return (uint32_t)crc32_z(sum, bytes, size);
}
