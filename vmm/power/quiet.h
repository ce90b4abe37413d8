/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Decides whether a guest is idle, from samples of what it does. It is idle after a time in which no
 * part, a tenth of it, had more than a little work: of the processor at most `cpu_percent` of one,
 * of the devices at most one request a second.
 */
#ifndef DORMOUSE_POWER_QUIET_H
#define DORMOUSE_POWER_QUIET_H

#include <stdbool.h>
#include <stdint.h>

struct quiet_sample {
    int64_t time_ns;   /* of a monotonic clock */
    int64_t cpu_ns;    /* processor time that the VM has used */
    uint64_t activity; /* requests to devices (core/activity.h) */
};

struct quiet {
    int64_t wanted_ns; /* how long the guest must be idle */
    unsigned cpu_percent;
    int64_t since_ns; /* no busy part since then */
    struct quiet_sample last;
};

/** From one sample to the next. */
int64_t quiet_period(const struct quiet *quiet);

/** The guest begins to run: what was before does not count. */
void quiet_start(struct quiet *quiet, const struct quiet_sample *now);

/** Takes the next sample. Returns whether the guest is idle; then it must be idle as long again. */
bool quiet_look(struct quiet *quiet, const struct quiet_sample *now);

#endif
