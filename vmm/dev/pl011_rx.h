/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receiver of the PL011: its FIFO, and when the guest is given what the operator types.
 *
 * Input is given to the UART only while the guest listens: it has unmasked a receive interrupt, or
 * has been seen polling. Until then bytes wait in the console, where they are not lost: Linux
 * throws away what is in the FIFO when it opens the port, at boot and after each sleep. That the
 * port is enabled means nothing: boot messages are written to it before, and programs made for
 * `virt` do not set UARTEN at all, because QEMU does not ask for it. If the guest stops listening
 * before it has looked at what came, these bytes are hidden from it until it listens again: Linux
 * unmasks the interrupts for a moment before it empties the FIFO.
 *
 * The caller holds the device's lock, and drives the interrupt line afterwards.
 */
#ifndef DORMOUSE_DEV_PL011_RX_H
#define DORMOUSE_DEV_PL011_RX_H

#include <stddef.h>
#include <stdint.h>

#include "dev/pl011.h"

/* How many bytes the guest would take from the line now. */
unsigned pl011_rx_room(const struct pl011_state *state);

/* What the guest sees of the FIFO. */
unsigned pl011_rx_count(const struct pl011_state *state);

/* Bytes from the line. Those that do not fit are lost. */
void pl011_rx_receive(struct pl011_state *state, const uint8_t *bytes, size_t count);

/* A byte from the transmitter, in loopback. It may overrun the receiver (DDI0183G 3.3.8, LBE). */
void pl011_rx_loop_back(struct pl011_state *state, uint8_t byte);

/* What a read of UARTDR gives. */
uint32_t pl011_rx_take(struct pl011_state *state);

/* After each read of a register, with its value: what the guest's looking means. */
void pl011_rx_note_read(struct pl011_state *state, uint64_t offset, uint32_t value);

/* After each write that may have changed whether the guest listens. */
void pl011_rx_note_control(struct pl011_state *state);

#endif
