/* SPDX-License-Identifier: BSD-2-Clause */
#include "rest.h"

#include <stdbool.h>

#include "gic.h"
#include "layout.h"
#include "sysreg.h"
#include "timer.h"

enum { PROMPT_MILLISECONDS = 20, LONGEST_MILLISECONDS = 50 };

static bool rest_has_timer(enum timer timer)
{
    return timer_intid(timer) != 0 && (timer_control(timer) & TIMER_CTL_ENABLE) == 0;
}

/* If interrupts are taken, the handler would get the timer's. */
static bool rest_is_masked(void)
{
    return (READ_SYSREG(daif) & DAIF_I) != 0;
}

void rest_ticks(uint64_t ticks)
{
    enum timer timer = rest_has_timer(TIMER_VIRTUAL) ? TIMER_VIRTUAL : TIMER_PHYSICAL;

    if (!rest_has_timer(timer) || !rest_is_masked() || !gic_wakes()) {
        __asm__ volatile("yield");
        return;
    }
    bool was_enabled = gic_is_enabled(timer_intid(timer));

    gic_enable(timer_intid(timer));
    timer_sleep(timer, timer_now(timer) + ticks);
    if (!was_enabled) {
        gic_disable(timer_intid(timer));
    }
}

void rest_after(uint64_t waited)
{
    uint64_t longest = timer_milliseconds(LONGEST_MILLISECONDS);

    if (waited < timer_milliseconds(PROMPT_MILLISECONDS)) {
        __asm__ volatile("yield");
    } else {
        rest_ticks(waited / 4 < longest ? waited / 4 : longest);
    }
}

void rest_milliseconds(uint64_t milliseconds)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(milliseconds);

    for (uint64_t now = timer_now(TIMER_VIRTUAL); now < end; now = timer_now(TIMER_VIRTUAL)) {
        rest_ticks(end - now);
    }
}
