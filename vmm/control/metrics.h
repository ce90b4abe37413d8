/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Figures about a VM, as Prometheus reads them (exposition format, version 0.0.4). A guest can
 * change them as often as it likes: that costs an addition, and no text. Main thread only.
 */
#ifndef DORMOUSE_CONTROL_METRICS_H
#define DORMOUSE_CONTROL_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/operator.h"
#include "power/power.h"

enum {
    METRICS_STATES = OPERATOR_SHUTDOWN + 1,
    METRICS_SOURCES = 8, /* bits of a set of WAKE_* */
};

struct metrics {
    enum operator_status state;
    int64_t since;      /* clock_now_ns() */
    int64_t since_date; /* clock_date_ns() */
    int64_t spent_ns[METRICS_STATES];
    uint64_t wakes[METRICS_SOURCES];
    uint64_t wakes_ignored;
    uint64_t sleeps;
    uint64_t refusals;
    uint64_t resets;
    bool asleep;
    bool stopped;
    bool off;
};

/** What a moment's text says besides. */
struct metrics_facts {
    const char *vm;
    const char *psci; /* who answers */
    unsigned vcpus;
    uint64_t memory;   /* bytes that the guest has, without what is in its balloon */
    uint64_t resident; /* bytes of host memory that the process has; 0: not known */
    int64_t cpu_ns;    /* processor time of the process */
};

/** A constant: "running", "asleep", "paused", "off". */
const char *metrics_state_name(enum operator_status state);

/** The VM begins in that state. */
void metrics_start(struct metrics *metrics, enum operator_status state);
/** Whether the state has changed. */
bool metrics_note(struct metrics *metrics, const struct power_news *news);

/** The text and its length, which the caller frees; NULL if there is no memory. */
char *metrics_print(const struct metrics *metrics, const struct metrics_facts *facts,
                    size_t *length);

#endif
