/* SPDX-License-Identifier: BSD-2-Clause */
/* A UART's FIFO of 16 bytes. Its owner orders the accesses, and pushes and pops only what fits. */
#ifndef DORMOUSE_DEV_FIFO_H
#define DORMOUSE_DEV_FIFO_H

#include <stdint.h>

enum { FIFO_SIZE = 16 };

struct fifo {
    uint8_t bytes[FIFO_SIZE];
    uint8_t head;
    uint8_t count;
};

static inline void fifo_push(struct fifo *fifo, uint8_t byte)
{
    fifo->bytes[(fifo->head + fifo->count++) % FIFO_SIZE] = byte;
}

static inline uint8_t fifo_front(const struct fifo *fifo)
{
    return fifo->bytes[fifo->head];
}

static inline void fifo_pop(struct fifo *fifo)
{
    fifo->head = (uint8_t)((fifo->head + 1) % FIFO_SIZE);
    fifo->count--;
}

#endif
