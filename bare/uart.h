/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UART that the machine's device tree or the build named, polled; without one, output goes
 * nowhere and there is no input. One core at a time.
 */
#ifndef GUEST_UART_H
#define GUEST_UART_H

#include <stdbool.h>
#include <stdint.h>

/* 8N1 with FIFOs, all interrupts masked: also after anything else was done to the port. */
void uart_init(void);
/* Waits for room, but not for ever: a stuck port loses output. */
void uart_put(char c);
/* Waits until the last byte is on the line, with the same patience. */
void uart_drain(void);
/* Reads the next byte of input, if there is one. */
bool uart_read(uint8_t *byte);

#endif
