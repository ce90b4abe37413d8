/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the PL011 (Arm DDI0183), for scenarios that use them directly. */
#ifndef GUEST_UART_PL011_H
#define GUEST_UART_PL011_H

#include <stdint.h>

enum {
    UART_DR = 0x000,
    UART_RSR = 0x004,
    UART_FR = 0x018,
    UART_LCR_H = 0x02c,
    UART_CR = 0x030,
    UART_IFLS = 0x034,
    UART_IMSC = 0x038,
    UART_RIS = 0x03c,
    UART_ICR = 0x044,
    UART_DMACR = 0x048,
};

enum {
    UART_FR_BUSY = 1u << 3,
    UART_FR_RXFE = 1u << 4,
    UART_FR_TXFF = 1u << 5,
    UART_INT_RX = 1u << 4,
    UART_INT_RX_TIMEOUT = 1u << 6,
};

uint32_t pl011_read(uint32_t offset);
void pl011_write(uint32_t offset, uint32_t value);

#endif
