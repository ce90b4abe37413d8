/* SPDX-License-Identifier: BSD-2-Clause */
#include "watchdog.h"

#include "link.h"
#include "marker.h"
#include "psci.h"
#include "timer.h"

/* Many times the longest step of a script. */
enum { SILENCE_MILLISECONDS = 60000 };

/* Written by the core that carries the script, except `barked`; read by all. */
static volatile bool is_armed;
static volatile uint32_t scenario;
static volatile bool may_reset;
static volatile uint64_t fed;
static volatile bool barked; /* written by the first core that notices, almost always */

void watchdog_arm(uint32_t number, bool resets)
{
    scenario = number;
    may_reset = resets;
    watchdog_feed();
    is_armed = true;
}

void watchdog_feed(void)
{
    fed = timer_now(TIMER_VIRTUAL);
}

__attribute__((noreturn)) static void watchdog_bark(void)
{
    barked = true;
    if (may_reset) {
        link_note(SAY_HANG, scenario, "");
        marker_leave(scenario, HOW_HANG, "");
    } else {
        link_line(SAY_BAIL_OUT " The CPU that runs this hung.");
    }
    for (;;) {
        psci_call2(may_reset ? FID32(FN_SYSTEM_RESET) : FID32(FN_SYSTEM_OFF), 0, 0);
    }
}

void watchdog_look(void)
{
    uint64_t silence = timer_now(TIMER_VIRTUAL) - fed;

    /* Another core's counter may be slightly behind. */
    if (is_armed && !barked && (int64_t)silence > 0 &&
        silence > timer_milliseconds(SILENCE_MILLISECONDS)) {
        watchdog_bark();
    }
}
