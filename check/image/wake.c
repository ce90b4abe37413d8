/* SPDX-License-Identifier: BSD-2-Clause */
#include "wake.h"

#include "gic.h"
#include "timer.h"

enum { SGI = 1, SGI_RING = 2 };

/* A ring that has not come by then never comes. */
enum { RING_MILLISECONDS = 100 };

void wake_enable(void)
{
    gic_init_interface();
    gic_enable(SGI);
    gic_enable(SGI_RING);
    gic_enable(timer_intid(TIMER_VIRTUAL));
    timer_event_stream();
}

void wake_quiet(void)
{
    timer_stop(TIMER_VIRTUAL);
    gic_drain();
}

void wake_send(const struct cpu *cpu)
{
    gic_send(cpu, SGI);
}

void wake_pause(void)
{
    __asm__ volatile("wfe" ::: "memory");
}

void wake_others(void)
{
    __asm__ volatile("dsb sy\n\tsev" ::: "memory");
}

/* If the GIC cannot reach this core, nothing would end its sleep, so it polls. */
void wake_sleep(uint64_t microseconds)
{
    if (!gic_reaches(smp_self())) {
        wake_pause();
        return;
    }
    timer_sleep(TIMER_VIRTUAL,
                timer_now(TIMER_VIRTUAL) + microseconds * timer_frequency() / 1000000);
}

bool wake_can_ring(const struct cpu *cpu)
{
    return gic_reaches(cpu);
}

void wake_ring(const struct cpu *cpu)
{
    gic_send(cpu, SGI_RING);
}

void wake_answer_ring(void)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(RING_MILLISECONDS);

    while (!gic_is_pending(SGI_RING) && timer_now(TIMER_VIRTUAL) < end) {
    }
    gic_withdraw_sgi(SGI_RING);
}
