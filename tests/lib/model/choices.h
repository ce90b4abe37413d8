/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Where arbitrary decisions come from: a seed, for a random run that can be repeated, or the bytes
 * of a fuzzer. Bytes that have run out decide everything for zero.
 */
#ifndef MODEL_CHOICES_H
#define MODEL_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choices {
    uint64_t state;       /**< of the generator; never 0 */
    const uint8_t *bytes; /**< instead of it, unless NULL */
    size_t left;
};

/** Spreads a number over 64 bits (splitmix64), so that seeds may be neighbours. */
static inline uint64_t choices_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline struct choices choices_of_seed(uint64_t seed)
{
    return (struct choices){.state = choices_mix(seed) | 1};
}

static inline struct choices choices_of_bytes(const uint8_t *bytes, size_t size)
{
    return (struct choices){.state = 1, .bytes = bytes, .left = size};
}

static inline uint64_t choices_take(struct choices *c, size_t count)
{
    uint64_t value = 0;

    for (; count > 0 && c->left > 0; count--) {
        value = (value << 8) | *c->bytes;
        c->bytes++;
        c->left--;
    }
    return value;
}

static inline uint64_t choices_random(struct choices *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return c->state;
}

/** 64 arbitrary bits. */
static inline uint64_t choose_bits(struct choices *c)
{
    return c->bytes != NULL ? choices_take(c, 8) : choices_mix(choices_random(c));
}

/** A number from 0 to `below` - 1. */
static inline uint32_t choose(struct choices *c, uint32_t below)
{
    if (c->bytes != NULL) {
        return (uint32_t)(choices_take(c, below <= 256 ? 1 : 4) % below);
    }
    return (uint32_t)(((choices_random(c) >> 32) * below) >> 32);
}

/** True once in so many times. */
static inline bool one_in(struct choices *c, uint32_t times)
{
    return choose(c, times) == times - 1;
}

#endif
