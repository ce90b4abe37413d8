/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the PrimeCell UART PL011, with the names of its manual (DDI0183G). */
#ifndef DORMOUSE_DEV_PL011_H
#define DORMOUSE_DEV_PL011_H

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

#endif
