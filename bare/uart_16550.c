/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550 and its many relatives. Baud is left as it is: nobody tells the port's clock. */
#include "mmio.h"
#include "platform.h"
#include "uart_ops.h"

/* Registers, by number. */
enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };

enum {
    FCR_FIFOS = 1u << 0, /* and does not empty them: something may still be on its way */
    LCR_8_BITS = 3u << 0,
    MCR_DTR = 1u << 0,
    MCR_RTS = 1u << 1,
    LSR_DATA = 1u << 0,
    LSR_ROOM = 1u << 5,
    LSR_IDLE = 1u << 6,
};

static uint64_t address(unsigned number)
{
    return platform.uart.base + ((uint64_t)number << platform.uart_shift);
}

static uint8_t get(unsigned number)
{
    switch (platform.uart_width) {
    case 4:
        return (uint8_t)mmio_read32(address(number));
    case 2:
        return (uint8_t)mmio_read16(address(number));
    default:
        return mmio_read8(address(number));
    }
}

static void set(unsigned number, uint8_t value)
{
    switch (platform.uart_width) {
    case 4:
        mmio_write32(address(number), value);
        break;
    case 2:
        mmio_write16(address(number), value);
        break;
    default:
        mmio_write8(address(number), value);
        break;
    }
}

static void init(void)
{
    set(LCR, LCR_8_BITS);
    set(IER, 0);
    set(FCR, FCR_FIFOS);
    set(MCR, MCR_DTR | MCR_RTS);
}

static bool has_room(void)
{
    return (get(LSR) & LSR_ROOM) != 0;
}

static void send(uint8_t byte)
{
    set(DATA, byte);
}

static bool is_idle(void)
{
    return (get(LSR) & LSR_IDLE) != 0;
}

static bool read(uint8_t *byte)
{
    if ((get(LSR) & LSR_DATA) == 0) {
        return false;
    }
    *byte = get(DATA);
    return true;
}

const struct uart_ops uart_16550_ops = {init, has_room, send, is_idle, read};
