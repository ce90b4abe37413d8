/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern.h"

static uint64_t pattern_word_at(uint64_t address, uint64_t seed)
{
    return (address ^ seed) * UINT64_C(0x9e3779b97f4a7c15) + seed;
}

void pattern_fill(struct region region, uint64_t seed)
{
    for (uint64_t at = region.base; at < region.base + region.size; at += sizeof(uint64_t)) {
        *(volatile uint64_t *)at = pattern_word_at(at, seed);
    }
}

uint64_t pattern_find_damage(struct region region, uint64_t seed)
{
    for (uint64_t at = region.base; at < region.base + region.size; at += sizeof(uint64_t)) {
        if (*(volatile uint64_t *)at != pattern_word_at(at, seed)) {
            return at;
        }
    }
    return 0;
}

uint64_t pattern_find_nonzero(struct region region)
{
    for (uint64_t at = region.base; at < region.base + region.size; at += sizeof(uint64_t)) {
        if (*(volatile uint64_t *)at != 0) {
            return at;
        }
    }
    return 0;
}

/* xorshift64 (Marsaglia 2003) */
uint64_t pattern_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
