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

enum { CHECKSUM_HWCAP = 1 << 7, CHECKSUM_STEP = 64 }; /* HWCAP_CRC32 */

static inline uint64_t checksum_word(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* One word after the other: an array of them would be copied to the stack. */
__attribute__((target("+crc"))) static inline uint32_t checksum_half_step(uint32_t sum,
                                                                          const uint8_t *bytes)
{
    sum = __crc32d(sum, checksum_word(bytes));
    sum = __crc32d(sum, checksum_word(bytes + 8));
    sum = __crc32d(sum, checksum_word(bytes + 16));
    return __crc32d(sum, checksum_word(bytes + 24));
}

__attribute__((target("+crc"))) static uint32_t
checksum_by_processor(uint32_t sum, const uint8_t *bytes, size_t size)
{
    sum = ~sum;
    for (; size >= CHECKSUM_STEP; size -= CHECKSUM_STEP, bytes += CHECKSUM_STEP) {
        sum = checksum_half_step(sum, bytes);
        sum = checksum_half_step(sum, bytes + CHECKSUM_STEP / 2);
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
