/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer.h"

#include "level.h"
#include "platform.h"
#include "sysreg.h"

uint64_t timer_frequency(void)
{
    return READ_SYSREG(cntfrq_el0);
}

uint64_t timer_milliseconds(uint64_t count)
{
    return count * timer_frequency() / 1000;
}

uint64_t timer_now(enum timer timer)
{
    __asm__ volatile("isb" ::: "memory");
    return timer == TIMER_VIRTUAL ? READ_SYSREG(cntvct_el0) : READ_SYSREG(cntpct_el0);
}

void timer_arm(enum timer timer, uint64_t deadline)
{
    if (timer == TIMER_VIRTUAL) {
        WRITE_SYSREG(cntv_cval_el0, deadline);
        WRITE_SYSREG(cntv_ctl_el0, TIMER_CTL_ENABLE);
    } else {
        WRITE_SYSREG(cntp_cval_el0, deadline);
        WRITE_SYSREG(cntp_ctl_el0, TIMER_CTL_ENABLE);
    }
}

void timer_stop(enum timer timer)
{
    if (timer == TIMER_VIRTUAL) {
        WRITE_SYSREG(cntv_ctl_el0, 0);
    } else {
        WRITE_SYSREG(cntp_ctl_el0, 0);
    }
}

uint64_t timer_control(enum timer timer)
{
    return timer == TIMER_VIRTUAL ? READ_SYSREG(cntv_ctl_el0) : READ_SYSREG(cntp_ctl_el0);
}

uint64_t timer_deadline(enum timer timer)
{
    return timer == TIMER_VIRTUAL ? READ_SYSREG(cntv_cval_el0) : READ_SYSREG(cntp_cval_el0);
}

unsigned timer_intid(enum timer timer)
{
    if (level_own() == 2 && level_is_like_el1()) {
        return timer == TIMER_VIRTUAL ? platform.el2_virtual_timer_intid
                                      : platform.el2_physical_timer_intid;
    }
    return timer == TIMER_VIRTUAL ? platform.virtual_timer_intid : platform.physical_timer_intid;
}

void timer_event_stream(void)
{
    /* An event whenever bit 11 of the counter is set anew: CNTKCTL_EL1 and CNTHCTL_EL2 are alike in
     * this. */
    enum {
        EVNTEN = 1u << 2,
        EVNTI_SHIFT = 4,
        EVNTI_MASK = 0xf << EVNTI_SHIFT,
        EVNTI = 11 << EVNTI_SHIFT
    };

    if (level_own() == 2) {
        WRITE_SYSREG(cnthctl_el2,
                     (READ_SYSREG(cnthctl_el2) & ~(uint64_t)EVNTI_MASK) | EVNTEN | EVNTI);
    } else {
        WRITE_SYSREG(cntkctl_el1,
                     (READ_SYSREG(cntkctl_el1) & ~(uint64_t)EVNTI_MASK) | EVNTEN | EVNTI);
    }
}

void timer_delay(uint64_t milliseconds)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(milliseconds);

    while (timer_now(TIMER_VIRTUAL) < end) {
    }
}
