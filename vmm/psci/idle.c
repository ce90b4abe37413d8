/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci/idle.h"

/*
 * power_state in its original format (DEN0022 5.4.2): StateID 15:0, StateType 16, PowerLevel 25:24.
 * StateIDs are made as Arm's reference platforms do: four bits a level, 1 for standby and 2 for
 * powerdown. The times are an exit to the monitor and back, and for powerdown a reset and what
 * Linux then does, rounded up generously.
 */
static const struct idle_state standby = {
    .name = "cpu-standby",
    .power = {.value = 0x00000001, .level = 0, .local = VPSCI_HW_STANDBY, .below = VPSCI_NO_STATE},
    .entry_us = 20,
    .exit_us = 40,
    .residency_us = 200,
};

static const struct idle_state powerdown = {
    .name = "cpu-powerdown",
    .power = {.value = 0x00010002, .level = 0, .local = VPSCI_HW_OFF, .below = VPSCI_NO_STATE},
    .entry_us = 50,
    .exit_us = 150,
    .residency_us = 1000,
};

static const struct idle_state cluster_standby = {
    .name = "cluster-standby",
    .power = {.value = 0x01000011, .level = 1, .local = VPSCI_HW_STANDBY},
    .entry_us = 30,
    .exit_us = 50,
    .residency_us = 500,
};

static const struct idle_state cluster_powerdown = {
    .name = "cluster-powerdown",
    .power = {.value = 0x01010022, .level = 1, .local = VPSCI_HW_OFF},
    .entry_us = 80,
    .exit_us = 200,
    .residency_us = 3000,
};

static unsigned plan_add(struct idle_plan *plan, const struct idle_state *state)
{
    plan->states[plan->count] = *state;
    return plan->count++;
}

/* `below` is the index of the state that each core of the cluster is in then. */
static void plan_add_cluster(struct idle_plan *plan, const struct idle_state *state, unsigned below)
{
    unsigned state_index = plan_add(plan, state);

    plan->states[state_index].power.below = (uint8_t)below;
}

void idle_plan(struct idle_plan *plan, enum idle_mode mode, unsigned clusters, unsigned cpu_count)
{
    *plan = (struct idle_plan){
        .clusters = clusters,
        .cpu_count = cpu_count,
    };
    if (mode == IDLE_NONE) {
        return;
    }
    unsigned core = plan_add(plan, &standby);
    if (mode == IDLE_POWERDOWN) {
        core = plan_add(plan, &powerdown);
    }
    if (clusters != 0) {
        plan_add_cluster(plan, mode == IDLE_POWERDOWN ? &cluster_powerdown : &cluster_standby,
                         core);
    }
}

static unsigned plan_cluster_count(const struct idle_plan *plan)
{
    return plan->clusters != 0 ? plan->clusters : 1;
}

unsigned idle_cluster(const struct idle_plan *plan, unsigned cpu)
{
    return cpu * plan_cluster_count(plan) / plan->cpu_count;
}

unsigned idle_first_cpu(const struct idle_plan *plan, unsigned cluster)
{
    unsigned clusters = plan_cluster_count(plan);

    return (cluster * plan->cpu_count + clusters - 1) / clusters;
}

int idle_find(const struct idle_plan *plan, uint32_t power_state)
{
    for (unsigned i = 0; i < plan->count; i++) {
        if (plan->states[i].power.value == power_state) {
            return (int)i;
        }
    }
    return -1;
}

int idle_deepest_core(const struct idle_plan *plan)
{
    int deepest = -1;

    for (unsigned i = 0; i < plan->count; i++) {
        const struct vpsci_power_state *power = &plan->states[i].power;

        if (power->level == 0 && power->local == VPSCI_HW_OFF) {
            deepest = (int)i;
        }
    }
    return deepest;
}
