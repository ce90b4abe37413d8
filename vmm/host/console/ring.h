/* SPDX-License-Identifier: BSD-2-Clause */
/* A buffer of bytes, oldest first. Its owner orders the accesses. */
#ifndef DORMOUSE_CONSOLE_RING_H
#define DORMOUSE_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

enum { RING_SIZE = 4096 };

struct ring {
    uint8_t bytes[RING_SIZE];
    size_t head;
    size_t count;
};

static inline size_t ring_space(const struct ring *ring)
{
    return RING_SIZE - ring->count;
}

/* There must be space. */
static inline void ring_push(struct ring *ring, uint8_t byte)
{
    ring->bytes[(ring->head + ring->count++) % RING_SIZE] = byte;
}

/* The oldest bytes, as many as lie in one piece; none only if the ring is empty. */
static inline const uint8_t *ring_front(const struct ring *ring, size_t *count)
{
    size_t to_end = RING_SIZE - ring->head;

    *count = ring->count < to_end ? ring->count : to_end;
    return ring->bytes + ring->head;
}

static inline void ring_drop(struct ring *ring, size_t count)
{
    ring->head = (ring->head + count) % RING_SIZE;
    ring->count -= count;
}

#endif
