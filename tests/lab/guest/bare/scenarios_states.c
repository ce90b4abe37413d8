/* SPDX-License-Identifier: BSD-2-Clause */
/* The low-power states of dormouse run --idle, of cores and of clusters, and PSCI's counts. */
#include <stddef.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "platform.h"
#include "report.h"
#include "smp.h"
#include "suspend.h"
#include "timer.h"

#define CONTEXT UINT64_C(0x1122334455667788)

enum { TIMER_MS = 2, COMMAND_LEAVE = 1 };

/*
 * Sleeps in the state `value` until a timer fires; the timer must be as it was set. Returns NULL if
 * all is well.
 */
static const char *stay_problem(uint64_t value)
{
    struct cpu *self = smp_self();
    bool powerdown = (value & STATE_TYPE(false)) != 0;
    struct psci_call call;
    uint64_t start = timer_now(TIMER_VIRTUAL);

    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    psci_prepare(&call, FID64(FN_CPU_SUSPEND), value, (uint64_t)(uintptr_t)entry_point, CONTEXT);
    bool resumed = suspend_call(&call);
    bool fired = timer_control(TIMER_VIRTUAL) == (TIMER_CTL_ENABLE | TIMER_CTL_FIRED);
    if (resumed != powerdown) {
        return resumed ? "came back at the entry point" : "the call returned";
    }
    if (!powerdown && psci_result(&call) != RET_SUCCESS) {
        return "the result is not SUCCESS";
    }
    if (timer_now(TIMER_VIRTUAL) - start < timer_milliseconds(TIMER_MS) / 2) {
        return "it did not wait for the timer";
    }
    if (!fired) {
        return "the timer that woke it is not on any more";
    }
    timer_stop(TIMER_VIRTUAL);
    return powerdown ? suspend_powerdown_problem(&self->entry, CONTEXT) : NULL;
}

static void stay(uint64_t value, uint64_t times, const char *text)
{
    const char *problem = NULL;

    for (uint64_t i = 0; i < times && problem == NULL; i++) {
        problem = stay_problem(value);
    }
    check_none(problem, text);
}

static uint64_t statistic(uint32_t function, uint64_t value)
{
    return (uint64_t)psci_call3(function | SMC64_BIT, cpus[0].mpidr, value, 0);
}

static void be_there(struct cpu *cpu)
{
    smp_set_progress(cpu, 1);
    smp_wait_command(cpu, COMMAND_LEAVE);
}

/* Requests the core's own state `core`, and that state together with its cluster's, in turn. */
SCENARIO(idle_states, "idle-states", "core=VALUE cluster=VALUE times=20",
         "CPU_SUSPEND to each state: waits, keeps the timer, and is counted by PSCI_STAT")
{
    uint64_t times = args_number("times", 20);
    uint64_t core = args_number("core", 1);
    uint64_t cluster = args_number("cluster", 0);
    uint64_t start = timer_now(TIMER_VIRTUAL);

    stay(core, times, "the state of the core");
    if (cluster != 0) {
        stay(cluster, times, "the state of its cluster, all others of which are off");
    }
    uint64_t spent = (timer_now(TIMER_VIRTUAL) - start) / (timer_milliseconds(1000) / 1000000);
    uint64_t stays = cluster != 0 ? 2 * times : times;
    check_equal(statistic(FID32(FN_STAT_COUNT), core), stays,
                "PSCI_STAT_COUNT of the core's state");
    uint64_t residency = statistic(FID32(FN_STAT_RESIDENCY), core);
    check(residency >= stays * TIMER_MS * 500 && residency <= spent + 1000,
          "PSCI_STAT_RESIDENCY is what the timers took");
    remark("residency %lu of %lu", residency, spent);
    if (cluster != 0) {
        check_equal(statistic(FID32(FN_STAT_COUNT), cluster), times,
                    "PSCI_STAT_COUNT of the cluster's state");
    }
}

/* Cores 0 and 1 share a cluster; core 2, if there is one, has another. */
SCENARIO(os_initiated, "os-initiated", "cluster=VALUE",
         "OS-initiated mode: the last core of a cluster may take it down, and no other")
{
    uint64_t cluster = args_number("cluster", 0);

    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    check_equal((uint64_t)psci_call3(FID32(FN_FEATURES), FID32(FN_CPU_SUSPEND), 0, 0) & 1, 1,
                "PSCI_FEATURES offers the mode");
    check_result(psci_call3(FID32(FN_SET_SUSPEND_MODE), MODE_OS, 0, 0), RET_SUCCESS,
                 "PSCI_SET_SUSPEND_MODE");
    check_result(smp_start(&cpus[1], be_there, 0), RET_SUCCESS, "another core of the cluster");
    check(smp_wait_progress(&cpus[1], 1), "is there");
    check_result(
        psci_call3(FID64(FN_CPU_SUSPEND), cluster, (uint64_t)(uintptr_t)entry_point, CONTEXT),
        RET_DENIED, "the cluster, while the other one runs: DENIED");
    smp_set_command(&cpus[1], COMMAND_LEAVE);
    check(smp_wait_off(&cpus[1]), "the other one goes off");
    if (cpu_count > 2) {
        check_result(smp_start(&cpus[2], be_there, 0), RET_SUCCESS, "a core of another cluster");
        check(smp_wait_progress(&cpus[2], 1), "is there");
    }
    stay(cluster, 5, "alone in its cluster it takes that down");
    check_equal(statistic(FID32(FN_STAT_COUNT), cluster), 5, "PSCI_STAT_COUNT says so");
    check_equal((uint64_t)psci_call3(FID64(FN_NODE_HW_STATE), cpus[0].mpidr, 1, 0), 0,
                "NODE_HW_STATE: the cluster is on again");
}
