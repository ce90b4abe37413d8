/* SPDX-License-Identifier: BSD-2-Clause */
#include "dev/irq.h"

void irq_init(struct irq_line *line, uint32_t spi,
              void (*drive)(void *arg, uint32_t spi, bool level), void *arg)
{
    *line = (struct irq_line){.spi = spi, .drive = drive, .arg = arg};
    pthread_mutex_init(&line->lock, NULL);
}

/*
 * Calls drive() with the lock held: otherwise a device on one thread and a hold on another could
 * overtake each other on the way to the GIC, which would keep the older level.
 */
static void irq_change(struct irq_line *line, bool level, bool held)
{
    bool before = line->state.level && !line->state.held;
    bool after = level && !held;

    line->state.level = level;
    line->state.held = held;
    if (before != after) {
        line->drive(line->arg, line->spi, after);
    }
}

void irq_set(struct irq_line *line, bool level)
{
    pthread_mutex_lock(&line->lock);
    irq_change(line, level, line->state.held);
    pthread_mutex_unlock(&line->lock);
}

static void irq_send_pulse(struct irq_line *line)
{
    line->state.pulsed = line->state.held;
    if (!line->state.held && line->pulse != NULL) {
        line->pulse(line->arg, line->spi);
    }
}

void irq_pulse(struct irq_line *line)
{
    pthread_mutex_lock(&line->lock);
    irq_send_pulse(line);
    pthread_mutex_unlock(&line->lock);
}

void irq_restore(struct irq_line *line, const struct irq_state *state)
{
    pthread_mutex_lock(&line->lock);
    line->state = *state;
    pthread_mutex_unlock(&line->lock);
}

int irq_pulse_fd(const struct irq_line *line)
{
    return line->pulse_fd != NULL ? line->pulse_fd(line->arg, line->spi) : -1;
}

void irq_hold(struct irq_line *line)
{
    pthread_mutex_lock(&line->lock);
    irq_change(line, line->state.level, true);
    pthread_mutex_unlock(&line->lock);
}

void irq_release(struct irq_line *line)
{
    pthread_mutex_lock(&line->lock);
    irq_change(line, line->state.level, false);
    if (line->state.pulsed) {
        irq_send_pulse(line);
    }
    pthread_mutex_unlock(&line->lock);
}
