/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550 and its many relatives. The baud rate stays as it is, because the port's clock is
 * unknown. */
#include "mmio.h"
#include "platform.h"
#include "uart_ops.h"

/* Registers, by number. */
enum { DATA = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };

enum {
    FCR_FIFOS = 1u << 0, /* does not empty them, because output may still be in them */
    LCR_8_BITS = 3u << 0,
    MCR_DTR = 1u << 0,
    MCR_RTS = 1u << 1,
    LSR_DATA = 1u << 0,
    LSR_ROOM = 1u << 5,
    LSR_IDLE = 1u << 6,
};

static uint64_t ns16550_register(unsigned number)
{
    return platform.uart.base + ((uint64_t)number << platform.uart_shift);
}

static uint8_t ns16550_get(unsigned number)
{
    switch (platform.uart_width) {
    case 4:
        return (uint8_t)mmio_read32(ns16550_register(number));
    case 2:
        return (uint8_t)mmio_read16(ns16550_register(number));
    default:
        return mmio_read8(ns16550_register(number));
    }
}

static void ns16550_set(unsigned number, uint8_t value)
{
    switch (platform.uart_width) {
    case 4:
        mmio_write32(ns16550_register(number), value);
        break;
    case 2:
        mmio_write16(ns16550_register(number), value);
        break;
    default:
        mmio_write8(ns16550_register(number), value);
        break;
    }
}

static void ns16550_init(void)
{
    ns16550_set(LCR, LCR_8_BITS);
    ns16550_set(IER, 0);
    ns16550_set(FCR, FCR_FIFOS);
    ns16550_set(MCR, MCR_DTR | MCR_RTS);
}

static bool ns16550_has_room(void)
{
    return (ns16550_get(LSR) & LSR_ROOM) != 0;
}

static void ns16550_send(uint8_t byte)
{
    ns16550_set(DATA, byte);
}

static bool ns16550_is_idle(void)
{
    return (ns16550_get(LSR) & LSR_IDLE) != 0;
}

static bool ns16550_receive(uint8_t *byte)
{
    if ((ns16550_get(LSR) & LSR_DATA) == 0) {
        return false;
    }
    *byte = ns16550_get(DATA);
    return true;
}

const struct uart_ops uart_16550_ops = {ns16550_init, ns16550_has_room, ns16550_send,
                                        ns16550_is_idle, ns16550_receive};
