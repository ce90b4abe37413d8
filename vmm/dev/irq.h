/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device's level-triggered interrupt line into the GIC. It can be held: a held line looks low to
 * the GIC while the device continues to drive it, and shows its true level when it is released. So
 * a wake source that the policy ignores cannot end a sleep.
 */
#ifndef DORMOUSE_DEV_IRQ_H
#define DORMOUSE_DEV_IRQ_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What a save keeps. A reset of the device lowers the level; the end of the sleep ends the hold. */
struct irq_state {
    uint8_t level; /* what the device drives */
    uint8_t held;
};

struct irq_line {
    pthread_mutex_t lock; /* protects `state`, and orders calls of drive() */
    struct irq_state state;
    uint32_t spi;
    void (*drive)(void *arg, uint32_t spi, bool level); /* what the GIC sees */
    void *arg;
};

void irq_init(struct irq_line *line, uint32_t spi,
              void (*drive)(void *arg, uint32_t spi, bool level), void *arg);
/* Any thread. Calls drive() only if the visible level changes. */
void irq_set(struct irq_line *line, bool level);
/* Main thread. Both are idempotent. */
void irq_hold(struct irq_line *line);
void irq_release(struct irq_line *line);

#endif
