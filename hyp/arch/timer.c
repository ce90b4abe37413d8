/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

#include "board.h"
#include "mmio.h"
#include "sysreg.h"

enum { TIMER_ENABLE = 1, TIMER_MASK = 2, TIMER_DUE = 4 };

uint64_t arch_now(void)
{
    __asm__ volatile("isb" ::: "memory"); /* the counter is not read ahead */
    return READ_SYSREG(cntpct_el0);
}

uint64_t arch_frequency(void)
{
    return READ_SYSREG(cntfrq_el0);
}

void arch_set_deadline(uint64_t count)
{
    if (count == UINT64_MAX) {
        WRITE_SYSREG(cnthp_ctl_el2, 0);
        return;
    }
    WRITE_SYSREG(cnthp_cval_el2, count);
    WRITE_SYSREG(cnthp_ctl_el2, TIMER_ENABLE);
}

static bool timer_is_due(uint64_t control)
{
    return (control & (TIMER_ENABLE | TIMER_MASK | TIMER_DUE)) == (TIMER_ENABLE | TIMER_DUE);
}

uint32_t arch_due_timers(void)
{
    return (uint32_t)timer_is_due(READ_SYSREG(cntv_ctl_el0)) << ARCH_INTID_VIRTUAL_TIMER |
           (uint32_t)timer_is_due(READ_SYSREG(cntp_ctl_el0)) << ARCH_INTID_PHYSICAL_TIMER;
}

/* RTCDR of a PL031, its first register. */
uint64_t arch_date(void)
{
    return board.rtc != 0 ? mmio_read32(board.rtc) : 0;
}
