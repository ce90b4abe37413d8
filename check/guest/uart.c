/* SPDX-License-Identifier: BSD-2-Clause */
#include "uart.h"

#include "mmio.h"
#include "platform.h"

enum {
    UART_IBRD = 0x024,
    UART_FBRD = 0x028,
};

enum {
    LCR_H_FIFOS = 1u << 4,
    LCR_H_8_BITS = 3u << 5,
    CR_ENABLE = 1u << 0,
    CR_TRANSMIT = 1u << 8,
    CR_RECEIVE = 1u << 9,
    INT_ALL = 0x7ff,
    /* 24 MHz / (16 * 115200) = 13 + 1/64 */
    BAUD_INTEGER = 13,
    BAUD_FRACTION = 1,
    /* A port that never becomes ready must not keep a verdict from being reached. */
    PATIENCE = 1000000,
};

uint32_t uart_read(uint32_t offset)
{
    return mmio_read32(platform.uart.base + offset);
}

void uart_write(uint32_t offset, uint32_t value)
{
    mmio_write32(platform.uart.base + offset, value);
}

void uart_init(void)
{
    uart_write(UART_CR, 0);
    uart_write(UART_DMACR, 0);
    uart_write(UART_IMSC, 0);
    uart_write(UART_ICR, INT_ALL);
    uart_write(UART_IBRD, BAUD_INTEGER);
    uart_write(UART_FBRD, BAUD_FRACTION);
    uart_write(UART_LCR_H, LCR_H_FIFOS | LCR_H_8_BITS);
    uart_write(UART_CR, CR_ENABLE | CR_TRANSMIT | CR_RECEIVE);
}

static void wait_clear(uint32_t flag)
{
    for (unsigned i = 0; i < PATIENCE && (uart_read(UART_FR) & flag) != 0; i++) {
    }
}

void uart_put(char c)
{
    wait_clear(UART_FR_TXFF);
    uart_write(UART_DR, (uint8_t)c);
}

void uart_drain(void)
{
    wait_clear(UART_FR_BUSY);
}

int uart_get(void)
{
    return (uart_read(UART_FR) & UART_FR_RXFE) != 0 ? -1 : (int)(uart_read(UART_DR) & 0xff);
}
