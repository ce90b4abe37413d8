/* SPDX-License-Identifier: BSD-2-Clause */
#include "uart_pl011.h"

#include "mmio.h"
#include "platform.h"
#include "uart_ops.h"

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
};

/* What the firmware has set is right for the port's clock. */
static uint32_t baud_integer;
static uint32_t baud_fraction;

uint32_t pl011_read(uint32_t offset)
{
    return mmio_read32(platform.uart.base + offset);
}

void pl011_write(uint32_t offset, uint32_t value)
{
    mmio_write32(platform.uart.base + offset, value);
}

static void keep_baud(void)
{
    if (baud_integer != 0) {
        return;
    }
    baud_integer = pl011_read(UART_IBRD);
    baud_fraction = pl011_read(UART_FBRD);
    if (baud_integer == 0) {
        baud_integer = BAUD_INTEGER;
        baud_fraction = BAUD_FRACTION;
    }
}

static void line_quieten(void)
{
    pl011_write(UART_IMSC, 0);
    pl011_write(UART_ICR, INT_ALL);
}

static void line_init(void)
{
    keep_baud();
    pl011_write(UART_CR, 0);
    pl011_write(UART_DMACR, 0);
    line_quieten();
    pl011_write(UART_IBRD, baud_integer);
    pl011_write(UART_FBRD, baud_fraction);
    pl011_write(UART_LCR_H, LCR_H_FIFOS | LCR_H_8_BITS);
    pl011_write(UART_CR, CR_ENABLE | CR_TRANSMIT | CR_RECEIVE);
}

static bool line_has_room(void)
{
    return (pl011_read(UART_FR) & UART_FR_TXFF) == 0;
}

static void line_send(uint8_t byte)
{
    pl011_write(UART_DR, byte);
}

static bool line_is_idle(void)
{
    return (pl011_read(UART_FR) & UART_FR_BUSY) == 0;
}

static bool line_receive(uint8_t *byte)
{
    if ((pl011_read(UART_FR) & UART_FR_RXFE) != 0) {
        return false;
    }
    *byte = (uint8_t)pl011_read(UART_DR);
    return true;
}

const struct uart_ops uart_pl011_ops = {line_init, line_has_room, line_send, line_is_idle,
                                        line_receive};
const struct uart_ops uart_sbsa_ops = {line_quieten, line_has_room, line_send, line_is_idle,
                                       line_receive};
