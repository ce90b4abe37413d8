/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The idle states that the device tree offers (Linux's bindings idle-states.yaml and psci.yaml),
 * and their power domains. Level 0 is a core, level 1 the domain around it, and so on.
 */
#ifndef GUEST_PLATFORM_IDLE_H
#define GUEST_PLATFORM_IDLE_H

#include <stdbool.h>
#include <stdint.h>

enum { PLATFORM_IDLE_MAX = 64, PLATFORM_LEVELS = 4 };

#define PLATFORM_NO_DOMAIN UINT32_MAX

struct platform_idle {
    const char *name; /* of its node */
    uint32_t value;   /* for CPU_SUSPEND, as the device tree has it */
    unsigned level;   /* the highest that it concerns */
    bool timer_stops; /* local-timer-stop: the core's own timer does not wake it */
};

/* Fills in everything below. Comes after platform_read(). */
void platform_read_idle(const void *blob);

/* The states that at least one CPU can enter, in the order of the device tree. */
unsigned platform_idle_count(void);
const struct platform_idle *platform_idle(unsigned index);
/* Returns whether cpus[cpu] can enter it. */
bool platform_cpu_idles(unsigned cpu, unsigned state);

/*
 * Returns the number of the power domain that cpus[cpu] is in, from 0 at each level;
 * PLATFORM_NO_DOMAIN if it is in none. Level 0: the core's own, in a tree with a domain for every
 * core.
 */
uint32_t platform_domain(unsigned cpu, unsigned level);

#endif
