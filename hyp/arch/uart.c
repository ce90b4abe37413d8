/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

#include "board.h"
#include "mmio.h"

/* A PL011 (Arm DDI 0183). */
enum { UART_DR = 0x00, UART_FR = 0x18, UART_CR = 0x30 };
enum { FR_TRANSMIT_FULL = 1 << 5, CR_ENABLE = 1 << 0, CR_TRANSMIT = 1 << 8 };

/* How often a full FIFO is looked at: a line that is not drained must not hold the core. */
enum { UART_PATIENCE = 1 << 20 };

/* The guest that owns the UART may have turned it off: then it is on for the one character. */
void arch_put(char c)
{
    uint32_t control = mmio_read32(board.uart + UART_CR);
    uint32_t wanted = control | CR_ENABLE | CR_TRANSMIT;

    if (control != wanted) {
        mmio_write32(board.uart + UART_CR, wanted);
    }
    for (unsigned i = 0;
         i < UART_PATIENCE && (mmio_read32(board.uart + UART_FR) & FR_TRANSMIT_FULL) != 0; i++) {
    }
    mmio_write32(board.uart + UART_DR, (uint8_t)c);
}
