/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts that are taken while others are handled, deeper than a hypervisor has list registers. */
#include "gic.h"
#include "guest_scenario.h"
#include "report.h"
#include "timer.h"

enum { DEPTH = 9, PRIORITY_FIRST = 0xa0, PRIORITY_STEP = 0x10, PRIORITY_TIMER = 0x08 };

static unsigned active_count(void)
{
    unsigned count = 0;

    for (unsigned sgi = 0; sgi < DEPTH; sgi++) {
        count += gic_is_active(sgi);
    }
    return count;
}

/* Each is more urgent than those that are handled. Returns how many were taken. */
static unsigned nest(void)
{
    unsigned taken = 0;

    for (unsigned sgi = 0; sgi < DEPTH; sgi++) {
        gic_set_priority(sgi, (uint8_t)(PRIORITY_FIRST - sgi * PRIORITY_STEP));
        gic_enable(sgi);
        gic_send_to_self(sgi);
        taken += gic_acknowledge() == sgi;
    }
    return taken;
}

SCENARIO(nested, "nested", "",
         "nine SGIs and a timer, each taken while the ones before are handled")
{
    unsigned timer = timer_intid(TIMER_VIRTUAL);

    check_equal(nest(), DEPTH, "all are taken");
    check_equal(active_count(), DEPTH, "all are active");
    gic_set_priority(timer, PRIORITY_TIMER);
    gic_enable(timer);
    timer_arm(TIMER_VIRTUAL, timer_now(TIMER_VIRTUAL));
    __asm__ volatile("isb\n\twfi" ::: "memory");
    check_equal(gic_acknowledge(), timer, "the timer's is taken too");
    timer_stop(TIMER_VIRTUAL);
    gic_end(timer);
    for (unsigned sgi = DEPTH; sgi-- != 0;) {
        gic_send_to_self(sgi); /* comes when its handler has ended */
        gic_end(sgi);
        if (gic_take() != sgi || active_count() != sgi) {
            check(false, "each comes again after its end, and then only the others are active");
            return;
        }
    }
    check_equal(gic_take(), GIC_SPURIOUS, "nothing is left");
    check(!gic_is_active(timer), "the timer's is not active");
}
