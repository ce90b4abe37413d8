/* SPDX-License-Identifier: BSD-2-Clause */
/* The PrimeCell UART PL011: its state, and its registers with the names of the manual (DDI0183G). */
#ifndef DORMOUSE_DEV_PL011_H
#define DORMOUSE_DEV_PL011_H

#include <stdbool.h>
#include <stdint.h>

#include "dev/fifo.h"

/* Offsets (3.2). */
enum {
    DR = 0x00,
    RSR = 0x04,
    FR = 0x18,
    IBRD = 0x24,
    FBRD = 0x28,
    LCR_H = 0x2C,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3C,
    MIS = 0x40,
    ICR = 0x44,
    DMACR = 0x48,
    REGISTERS_END = 0x4C,
};

/* The index of a register among all. */
#define REG(offset) ((offset) / 4)

enum { DR_OE = 1u << 11, RSR_OE = 1u << 3 };

enum {
    FR_CTS = 1u << 0,
    FR_DSR = 1u << 1,
    FR_DCD = 1u << 2,
    FR_BUSY = 1u << 3,
    FR_RXFE = 1u << 4,
    FR_TXFF = 1u << 5,
    FR_RXFF = 1u << 6,
    FR_TXFE = 1u << 7,
    FR_RI = 1u << 8,
};

enum { LCR_H_FEN = 1u << 4 };

enum {
    CR_LBE = 1u << 7,
    CR_TXE = 1u << 8,
    CR_RXE = 1u << 9,
    CR_DTR = 1u << 10,
    CR_RTS = 1u << 11,
    CR_OUT1 = 1u << 12,
    CR_OUT2 = 1u << 13,
};

/* UARTIMSC, UARTRIS, UARTMIS and UARTICR. */
enum {
    INT_RI = 1u << 0,
    INT_CTS = 1u << 1,
    INT_DCD = 1u << 2,
    INT_DSR = 1u << 3,
    INT_RX = 1u << 4,
    INT_TX = 1u << 5,
    INT_RT = 1u << 6,
    INT_OE = 1u << 10,
};

struct pl011_state {
    uint32_t reg[REG(REGISTERS_END)];
    struct fifo rx;
    struct fifo tx;
    uint8_t overrun; /* loopback only: a byte found the receive FIFO full */
    uint8_t polled;  /* the guest polls for input */
    uint8_t seen;    /* the guest has looked at what is in the receive FIFO */
    uint8_t hidden;  /* what is in the receive FIFO is kept from the guest */
    uint16_t looks;  /* at the flags, with nothing in between */
    uint16_t hides;  /* how often these bytes have been hidden */
};

_Static_assert(sizeof(struct pl011_state) == sizeof(uint32_t[REG(REGISTERS_END)]) +
                                                 2 * sizeof(struct fifo) + 4 * sizeof(uint8_t) +
                                                 2 * sizeof(uint16_t),
               "no padding");

static inline bool pl011_has_fifos(const struct pl011_state *state)
{
    return (state->reg[REG(LCR_H)] & LCR_H_FEN) != 0;
}

static inline unsigned pl011_depth(const struct pl011_state *state)
{
    return pl011_has_fifos(state) ? FIFO_SIZE : 1;
}

static inline bool pl011_loops_back(const struct pl011_state *state)
{
    return (state->reg[REG(CR)] & CR_LBE) != 0;
}

/* The fill that a field of UARTIFLS names (3.3.9); a reserved value means the greatest. */
static inline unsigned pl011_level(uint32_t field)
{
    static const uint8_t levels[] = {2, 4, 8, 12, 14, 14, 14, 14};

    return levels[field % sizeof(levels)];
}

#endif
