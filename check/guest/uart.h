/* SPDX-License-Identifier: BSD-2-Clause */
/* The PL011 (Arm DDI0183), polled. */
#ifndef GUEST_UART_H
#define GUEST_UART_H

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

/* 115200 8N1 with FIFOs, all interrupts masked: also after anything else was done to the port. */
void uart_init(void);
void uart_put(char c);
/* Waits until the last byte is on the line. */
void uart_drain(void);
/* The next byte of input, or -1. */
int uart_get(void);

uint32_t uart_read(uint32_t offset);
void uart_write(uint32_t offset, uint32_t value);

#endif
