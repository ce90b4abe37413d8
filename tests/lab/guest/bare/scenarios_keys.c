/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's keys, on a PL061 (Arm DDI0190), where dormouse and QEMU's `virt` have it. */
#include <stdbool.h>
#include <stdint.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "mmio.h"
#include "report.h"
#include "rest.h"
#include "suspend.h"
#include "timer.h"

#define GPIO_BASE UINT64_C(0x09030000)

enum {
    GPIO_INTID = 32 + 7,
    GPIO_IBE = 0x408,
    GPIO_IE = 0x410,
    GPIO_MIS = 0x418,
    GPIO_IC = 0x41c,
    GPIO_ID = 0xfe0,
    POWER = 1u << 3,
    SLEEP = 1u << 4,
};

static uint32_t keys_read(uint32_t offset)
{
    return mmio_read32(GPIO_BASE + offset);
}

static void keys_write(uint32_t offset, uint32_t value)
{
    mmio_write32(GPIO_BASE + offset, value);
}

/* Waits for an edge. Returns the keys that are down after it; `ended` gets those that went up. */
static uint32_t keys_wait(uint32_t *ended)
{
    uint32_t edges;

    while (!gic_is_pending(GPIO_INTID)) {
        rest_ticks(timer_frequency());
    }
    unsigned intid = gic_acknowledge();
    edges = keys_read(GPIO_MIS);
    keys_write(GPIO_IC, edges);
    gic_end(intid);
    uint32_t down = keys_read((POWER | SLEEP) << 2);
    *ended = edges & ~down;
    return down & edges;
}

/* Sleeps while the key is down. That it goes up meanwhile is no reason to wake. */
static void keys_sleep(uint64_t context)
{
    uint64_t milliseconds = args_number("timer", 1500);
    uint64_t start = timer_now(TIMER_VIRTUAL);

    if (milliseconds != 0) {
        suspend_arm(TIMER_VIRTUAL, milliseconds);
    }
    check_result(suspend_simply(SUSPEND_64, context), RET_SUCCESS, "it sleeps and wakes");
    check_at_least(suspend_duration(start, &smp_self()->entry), milliseconds, "ms",
                   "if a timer was to wake it, no key did");
}

SCENARIO(keys, "keys", "ignore=yes|no listen=yes|no timer=1500",
         "the power key turns it off, the sleep key suspends it until a timer")
{
    bool ignore = args_is("ignore", "yes");
    unsigned sleeps = 0;
    unsigned releases = 0;
    uint32_t down = 0;
    bool off = false;

    if (!check_equal(keys_read(GPIO_ID), 0x61, "there is a PL061")) {
        return;
    }
    keys_write(GPIO_IBE, POWER | SLEEP);
    keys_write(GPIO_IE, args_is("listen", "no") ? 0 : POWER | SLEEP);
    gic_enable(GPIO_INTID);
    remark("ready");
    while (!off || down != 0) {
        uint32_t ended;
        uint32_t begun = keys_wait(&ended);

        down = (down | begun) & ~ended;
        off = off || ((begun & POWER) != 0 && !ignore);
        releases += (ended & SLEEP) != 0;
        if ((begun & SLEEP) != 0 && !ignore) {
            keys_sleep(++sleeps);
        }
    }
    check_equal(releases, sleeps, "each sleep key that was pressed was released");
}
