/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The low-power states that CPU_SUSPEND offers, --idle, and the clusters that they are about,
 * --clusters: the one place from which libvpsci's table, the device tree and the events are made.
 */
#ifndef DORMOUSE_PSCI_IDLE_H
#define DORMOUSE_PSCI_IDLE_H

#include <vpsci/vpsci.h>

#include "psci/mode.h"

enum { IDLE_STATES_MAX = 4 };

struct idle_state {
    const char *name; /* in the device tree and in events */
    struct vpsci_power_state power;
    /*
     * For the device tree, in microseconds: the longest time to enter and to leave, and the
     * shortest stay that saves energy.
     */
    uint32_t entry_us;
    uint32_t exit_us;
    uint32_t residency_us;
};

struct idle_plan {
    unsigned count; /* 0: --idle none */
    struct idle_state states[IDLE_STATES_MAX];
    unsigned clusters; /* 0: no clusters are configured */
    unsigned cpu_count;
};

/** There are at least as many vCPUs as clusters. */
void idle_plan(struct idle_plan *plan, enum idle_mode mode, unsigned clusters, unsigned cpu_count);

/**
 * The cluster of a vCPU, and the first vCPU of a cluster. Clusters are in order and as even as
 * possible; if none are configured, there is one for all.
 */
unsigned idle_cluster(const struct idle_plan *plan, unsigned cpu);
unsigned idle_first_cpu(const struct idle_plan *plan, unsigned cluster);

/** The index of the state that `power_state` names; -1: none. */
int idle_find(const struct idle_plan *plan, uint32_t power_state);

/** The state that CPU_DEFAULT_SUSPEND is counted in, by libvpsci too: the deepest in which a core
 * loses its context. -1: none. */
int idle_deepest_core(const struct idle_plan *plan);

#endif
