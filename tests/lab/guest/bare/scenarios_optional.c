/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that are optional in PSCI: CPU_FREEZE, CPU_DEFAULT_SUSPEND, NODE_HW_STATE. */
#include <stddef.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "platform.h"
#include "report.h"
#include "rest.h"
#include "smp.h"
#include "suspend.h"
#include "timer.h"

#define CONTEXT UINT64_C(0x0123456789abcdef)

enum { TIMER_MS = 20, COMMAND_LEAVE = 1, RETURNED = 2 };

static uint64_t usual_entry(void)
{
    return (uint64_t)(uintptr_t)entry_point;
}

/* An interrupt comes while the core is frozen, and must not wake it. */
static void freeze(struct cpu *cpu)
{
    struct psci_call call;

    gic_init();
    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    smp_set_progress(cpu, 1);
    psci_prepare(&call, FID32(FN_CPU_FREEZE), 0, 0, 0);
    call.resumes = false;
    psci_call(&call);
    smp_set_progress(cpu, RETURNED);
}

/* On, frozen for `ms` at least, on again, off. */
static bool freeze_once(struct cpu *other, uint64_t context, uint64_t ms)
{
    uint64_t arrivals = other->arrivals;

    smp_set_progress(other, 0);
    if (smp_start(other, freeze, 0) != RET_SUCCESS || !smp_wait_off(other)) {
        return false;
    }
    rest_milliseconds(ms);
    if (other->progress != 1 || smp_affinity(other) != AFFINITY_OFF) {
        return false;
    }
    return smp_start(other, NULL, context) == RET_SUCCESS &&
           smp_wait_arrivals(other, arrivals + 2) && smp_wait_off(other) &&
           suspend_entry_problem(&other->entry, context, false) == NULL;
}

SCENARIO(cpu_freeze, "cpu-freeze", "cycles=20",
         "CPU_FREEZE: the core is off, no interrupt wakes it, and CPU_ON starts it again")
{
    const uint64_t cycles = args_number("cycles", 20);
    struct cpu *other = smp_other();
    uint64_t done;

    if (!psci_has(FID32(FN_CPU_FREEZE))) {
        skip("CPU_FREEZE", "PSCI_FEATURES does not offer it");
        return;
    }
    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    /* The first one stays until its timer is long over. */
    for (done = 0; done < cycles; done++) {
        if (!freeze_once(other, CONTEXT + done, done == 0 ? 5 * TIMER_MS : 0)) {
            break;
        }
    }
    check_equal(done, cycles, "cycles of on, frozen, on in the prescribed state, off");
    check_result(smp_start(other, freeze, CONTEXT), RET_SUCCESS, "once more");
    check(smp_wait_off(other), "it freezes");
    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    check_result(suspend_simply(SUSPEND_64, CONTEXT), RET_SUCCESS,
                 "SYSTEM_SUSPEND takes a frozen core for one that is off");
}

/*
 * Sleeps until the timer fires. The core must be at the entry point, and the timer as it was set.
 * Returns NULL if all is well.
 */
static const char *default_problem(bool wide, uint64_t context)
{
    struct psci_call call;
    uint64_t start = timer_now(TIMER_VIRTUAL);
    uint32_t function = wide ? FID64(FN_CPU_DEFAULT_SUSPEND) : FID32(FN_CPU_DEFAULT_SUSPEND);

    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    psci_prepare(&call, function, usual_entry(), context, 0);
    if (!suspend_call(&call)) {
        return "the call returned";
    }
    timer_stop(TIMER_VIRTUAL);
    if (timer_now(TIMER_VIRTUAL) - start < timer_milliseconds(TIMER_MS) / 2) {
        return "it did not wait for the timer";
    }
    return suspend_powerdown_problem(&smp_self()->entry, wide ? context : (uint32_t)context);
}

SCENARIO(
    cpu_default_suspend, "cpu-default-suspend", "times=20 state=VALUE",
    "CPU_DEFAULT_SUSPEND: waits, comes back at the entry point; counted in `state`, where given")
{
    const uint64_t times = args_number("times", 20);
    const uint64_t bad[] = {0, usual_entry() + 1, usual_entry() + 2, platform_ram_end()};
    uint64_t state = args_number("state", UINT64_MAX);
    const char *problem = NULL;

    if (!psci_has(FID64(FN_CPU_DEFAULT_SUSPEND))) {
        skip("CPU_DEFAULT_SUSPEND", "PSCI_FEATURES does not offer it");
        return;
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_result(psci_call2(FID64(FN_CPU_DEFAULT_SUSPEND), bad[i], 0), RET_INVALID_ADDRESS,
                     "an entry point that is none: INVALID_ADDRESS");
    }
    for (uint64_t i = 0; i < times && problem == NULL; i++) {
        problem = default_problem(i % 2 == 0, CONTEXT + i);
    }
    check_none(problem, "SMC64 and SMC32: waits, comes back in the prescribed state");
    if (state != UINT64_MAX) {
        check_equal((uint64_t)psci_call2(FID64(FN_STAT_COUNT), cpus[0].mpidr, state), times,
                    "PSCI_STAT_COUNT of the state that it chooses");
    }
}

static int64_t hw_state(const struct cpu *cpu, uint64_t level)
{
    return psci_call2(FID64(FN_NODE_HW_STATE), cpu->mpidr, level);
}

static void stand_by(struct cpu *cpu)
{
    smp_set_progress(cpu, 1);
    smp_wait_command(cpu, COMMAND_LEAVE);
    psci_call3(FID64(FN_CPU_SUSPEND), args_number("standby", 0), 0, 0);
}

SCENARIO(node_hw_state, "node-hw-state", "levels=1 standby=0",
         "NODE_HW_STATE of cores that are on, off and asleep; `levels` have one")
{
    struct cpu *other = smp_other();
    uint64_t levels = args_number("levels", 1);

    if (!psci_has(FID64(FN_NODE_HW_STATE))) {
        skip("NODE_HW_STATE", "PSCI_FEATURES does not offer it");
        return;
    }
    check_result(hw_state(smp_self(), 0), HW_ON, "the caller: HW_ON");
    for (uint64_t level = 1; level < levels; level++) {
        check_result(hw_state(smp_self(), level), HW_ON, "a domain that it is in: HW_ON");
    }
    check_result(hw_state(smp_self(), levels), RET_INVALID_PARAMETERS,
                 "a level that there is not: INVALID_PARAMETERS");
    check_result(psci_call2(FID64(FN_NODE_HW_STATE), UINT64_MAX, 0), RET_INVALID_PARAMETERS,
                 "no such core: INVALID_PARAMETERS");
    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    check_result(hw_state(other, 0), HW_OFF, "a core that is off: HW_OFF");
    check_result(smp_start(other, stand_by, 0), RET_SUCCESS, "it starts");
    check(smp_wait_progress(other, 1), "and arrives");
    check_result(hw_state(other, 0), HW_ON, "HW_ON");
    smp_set_command(other, COMMAND_LEAVE);
    rest_milliseconds(args_number("delay", 200));
    check_result(hw_state(other, 0), HW_STANDBY, "after its CPU_SUSPEND to standby: HW_STANDBY");
}
