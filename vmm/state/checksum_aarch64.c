/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By the processor's CRC32 instructions, which have this polynomial (Arm DDI 0487, FEAT_CRC32): one takes 8
 * bytes. Every core since Armv8.1 has them; for others there is zlib.
 */
#include <arm_acle.h>
#include <string.h>
#include <sys/auxv.h>
#include <zlib.h>

#include "state/checksum.h"

enum { CHECKSUM_HWCAP = 1 << 7, CHECKSUM_UNROLL = 4 }; /* HWCAP_CRC32 */

__attribute__((target("+crc"))) static uint32_t
checksum_by_processor(uint32_t sum, const uint8_t *bytes, size_t size)
{
    uint64_t words[CHECKSUM_UNROLL];

    sum = ~sum;
    for (; size >= sizeof(words); size -= sizeof(words), bytes += sizeof(words)) {
        memcpy(words, bytes, sizeof(words));
        for (unsigned i = 0; i < CHECKSUM_UNROLL; i++) {
            sum = __crc32d(sum, words[i]);
        }
    }
    for (; size > 0; size--) {
        sum = __crc32b(sum, *bytes++);
    }
    return ~sum;
}

uint32_t checksum_add(uint32_t sum, const void *bytes, size_t size)
{
    if ((getauxval(AT_HWCAP) & CHECKSUM_HWCAP) != 0) {
        return checksum_by_processor(sum, bytes, size);
    }
    return (uint32_t)crc32_z(sum, bytes, size);
}
