/* SPDX-License-Identifier: BSD-2-Clause */
#include "power/quiet.h"

enum { QUIET_PARTS = 10 };

#define SECOND INT64_C(1000000000)

int64_t quiet_period(const struct quiet *quiet)
{
    return quiet->wanted_ns / QUIET_PARTS;
}

void quiet_start(struct quiet *quiet, const struct quiet_sample *now)
{
    quiet->since_ns = now->time_ns;
    quiet->last = *now;
}

/* A part may last longer than planned: the host was busy, or asleep. */
static bool quiet_was_busy(const struct quiet *quiet, const struct quiet_sample *now)
{
    int64_t passed = now->time_ns - quiet->last.time_ns;
    int64_t cpu = now->cpu_ns - quiet->last.cpu_ns;
    uint64_t requests = now->activity - quiet->last.activity;

    return cpu > passed / 100 * quiet->cpu_percent || requests > (uint64_t)(passed / SECOND) + 1;
}

bool quiet_look(struct quiet *quiet, const struct quiet_sample *now)
{
    bool busy = quiet_was_busy(quiet, now);

    quiet->last = *now;
    if (busy) {
        quiet->since_ns = now->time_ns;
        return false;
    }
    if (now->time_ns - quiet->since_ns < quiet->wanted_ns) {
        return false;
    }
    quiet->since_ns = now->time_ns;
    return true;
}
