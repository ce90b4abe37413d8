/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations of a kind of UART; uart.c does the waiting. */
#ifndef GUEST_UART_OPS_H
#define GUEST_UART_OPS_H

#include <stdbool.h>
#include <stdint.h>

struct uart_ops {
    void (*init)(void);
    bool (*has_room)(void);
    void (*send)(uint8_t byte);
    bool (*is_idle)(void); /* everything is on the line */
    bool (*read)(uint8_t *byte);
};

extern const struct uart_ops uart_pl011_ops;
extern const struct uart_ops uart_sbsa_ops;
extern const struct uart_ops uart_16550_ops;

#endif
