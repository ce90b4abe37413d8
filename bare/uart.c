/* SPDX-License-Identifier: BSD-2-Clause */
#include "uart.h"

#include <stddef.h>

#include "platform.h"
#include "uart_ops.h"

/* A port that never becomes ready must not prevent a verdict. */
enum { PATIENCE = 1000000, PATIENCE_WHEN_STUCK = 10 };

static bool stuck; /* it was not ready in time, and has not been since */

static const struct uart_ops *uart_find_ops(void)
{
    static const struct uart_ops *const known[] = {
        [PLATFORM_UART_NONE] = NULL,
        [PLATFORM_UART_PL011] = &uart_pl011_ops,
        [PLATFORM_UART_SBSA] = &uart_sbsa_ops,
        [PLATFORM_UART_16550] = &uart_16550_ops,
    };

    return known[platform.uart_kind];
}

static void uart_wait_until(bool (*ready)(void))
{
    unsigned patience = stuck ? PATIENCE_WHEN_STUCK : PATIENCE;
    bool is_ready = ready();

    for (unsigned i = 0; i < patience && !is_ready; i++) {
        is_ready = ready();
    }
    stuck = !is_ready;
}

void uart_init(void)
{
    if (uart_find_ops() != NULL) {
        stuck = false;
        uart_find_ops()->init();
    }
}

void uart_put(char c)
{
    if (uart_find_ops() != NULL) {
        uart_wait_until(uart_find_ops()->has_room);
        uart_find_ops()->send((uint8_t)c);
    }
}

void uart_drain(void)
{
    if (uart_find_ops() != NULL) {
        uart_wait_until(uart_find_ops()->is_idle);
    }
}

bool uart_read(uint8_t *byte)
{
    return uart_find_ops() != NULL && uart_find_ops()->read(byte);
}
