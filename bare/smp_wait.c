/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for other cores, apart from smp.c: a core that rests needs its GIC, which is built on smp.c. */
#include "rest.h"
#include "smp.h"
#include "timer.h"

enum { PATIENCE_SECONDS = 10 };

/* Rests between two checks; returns false after too long a time since the first. */
static bool smp_wait_on(uint64_t since)
{
    uint64_t waited = timer_now(TIMER_VIRTUAL) - since;

    if (waited > PATIENCE_SECONDS * timer_frequency()) {
        return false;
    }
    rest_after(waited);
    return true;
}

/* Waits until `*word` is at least `value`. */
static bool smp_wait_at_least(const volatile uint64_t *word, uint64_t value)
{
    uint64_t since = timer_now(TIMER_VIRTUAL);

    while (*word < value) {
        if (!smp_wait_on(since)) {
            return false;
        }
    }
    smp_barrier();
    return true;
}

bool smp_wait_off(const struct cpu *cpu)
{
    uint64_t since = timer_now(TIMER_VIRTUAL);

    while (smp_affinity(cpu) != AFFINITY_OFF) {
        if (!smp_wait_on(since)) {
            return false;
        }
    }
    return true;
}

bool smp_wait_all_off(void)
{
    for (uint32_t i = 1; i < cpu_count; i++) {
        if (!smp_wait_off(&cpus[i])) {
            return false;
        }
    }
    return true;
}

bool smp_wait_arrivals(const struct cpu *cpu, uint64_t count)
{
    return smp_wait_at_least(&cpu->arrivals, count);
}

bool smp_wait_progress(const struct cpu *cpu, uint64_t value)
{
    return smp_wait_at_least(&cpu->progress, value);
}

bool smp_wait_command(const struct cpu *cpu, uint64_t value)
{
    return smp_wait_at_least(&cpu->command, value);
}
