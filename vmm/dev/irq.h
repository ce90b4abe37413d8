/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device's interrupt line into the GIC. The device drives a level, or sends pulses to an
 * edge-triggered interrupt. A line can be held: it looks low to the GIC while the device continues
 * to drive it, and shows its true level, or one pulse for those that came, when it is released. So a
 * wake source that the policy ignores cannot end a sleep.
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
    uint8_t pulsed; /* a pulse came while it was held */
};

struct irq_line {
    pthread_mutex_t lock; /* protects `state`, and orders calls of drive() */
    struct irq_state state;
    uint32_t spi;
    void (*drive)(void *arg, uint32_t spi, bool level); /* what the GIC sees */
    void (*pulse)(void *arg, uint32_t spi);             /* the same; NULL: nothing sees pulses */
    int (*pulse_fd)(void *arg, uint32_t spi);           /* NULL: there is none */
    void *arg;
};

void irq_init(struct irq_line *line, uint32_t spi,
              void (*drive)(void *arg, uint32_t spi, bool level), void *arg);
/* Any thread. Calls drive() only if the visible level changes. */
void irq_set(struct irq_line *line, bool level);
/* Any thread. For an edge-triggered interrupt, of which one pulse may stand for several. */
void irq_pulse(struct irq_line *line);
/* Takes over the state of a saved line, whose level the GIC has already. Main thread. */
void irq_restore(struct irq_line *line, const struct irq_state *state);
/*
 * The eventfd that does the same, whether the line is held or not, for a thread of the kernel; -1 if
 * there is none. It is the GIC's, so a reboot ends it. Main thread.
 */
int irq_pulse_fd(const struct irq_line *line);
/* Main thread. Both are idempotent. */
void irq_hold(struct irq_line *line);
void irq_release(struct irq_line *line);

#endif
