/* SPDX-License-Identifier: BSD-2-Clause */
#include "wake.h"

#include "gic.h"
#include "timer.h"

enum { SGI = 1 };

void wake_enable(void)
{
    gic_init_interface();
    gic_enable(SGI);
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
