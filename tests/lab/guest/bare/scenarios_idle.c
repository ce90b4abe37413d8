/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of CPU_SUSPEND and CPU_ON that KVM's own PSCI lacks, and calls by SMC. */
#include <stddef.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "layout.h"
#include "platform.h"
#include "report.h"
#include "rest.h"
#include "smp.h"
#include "suspend.h"
#include "timer.h"

#define CONTEXT   UINT64_C(0xfedcba9876543210)
#define POWERDOWN UINT64_C(0x00010000) /* original format: StateType, of the core alone */

#define LEGACY_CPU_ON 0x95c1ba60u /* KVM's, for PSCI 0.1 */

enum { SGI = 5, COMMAND_LEAVE = 1, TIMER_MS = 20, PENDING_TRIES = 50 };

static uint64_t usual_entry(void)
{
    return (uint64_t)(uintptr_t)entry_point;
}

/* The first address after RAM, and addresses where no instruction can be. */
static uint64_t bad_entry(unsigned n)
{
    const uint64_t bad[] = {usual_entry() + 1, usual_entry() + 2, platform_ram_end(), 0};

    return bad[n];
}

enum { BAD_ENTRY_COUNT = 4 };

/*
 * Powers down with a timer running. After the timer fired, the core must be at the entry point, and
 * the timer as it was set.
 */
static const char *powerdown_problem(bool wide, uint64_t context)
{
    struct cpu *self = smp_self();
    struct psci_call call;
    uint64_t start = timer_now(TIMER_VIRTUAL);
    uint64_t function = wide ? FID64(FN_CPU_SUSPEND) : FID32(FN_CPU_SUSPEND);

    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    psci_prepare(&call, (uint32_t)function, POWERDOWN, usual_entry(), context);
    if (!suspend_call(&call)) {
        return "the call returned";
    }
    timer_stop(TIMER_VIRTUAL);
    if (timer_now(TIMER_VIRTUAL) - start < timer_milliseconds(TIMER_MS) / 2) {
        return "it did not wait for the timer";
    }
    return suspend_powerdown_problem(&self->entry, wide ? context : (uint32_t)context);
}

static void power_down_as_secondary(struct cpu *cpu)
{
    gic_init();
    bool good = powerdown_problem(true, CONTEXT + 1) == NULL;

    smp_set_progress(cpu, good ? 1 : 2);
}

SCENARIO(
    powerdown, "powerdown", "cycles=20",
    "CPU_SUSPEND to powerdown: comes back at the entry point when an interrupt comes, or is there")
{
    const char *problem = NULL;
    struct psci_call call;

    for (uint64_t i = 0; i < args_number("cycles", 20) && problem == NULL; i++) {
        problem = powerdown_problem(i % 2 == 0, CONTEXT + i);
    }
    check_none(problem, "SMC64 and SMC32: waits, comes back in the prescribed state");
    gic_enable(SGI);
    gic_send_to_self(SGI);
    psci_prepare(&call, FID64(FN_CPU_SUSPEND), POWERDOWN, usual_entry(), CONTEXT);
    check(suspend_call(&call), "with an interrupt pending: comes back at once, at the entry point");
    check_equal(gic_take(), SGI, "the interrupt can be taken");
    check_result(smp_affinity(smp_self()), AFFINITY_ON, "the core is ON");
    if (cpu_count < 2) {
        return;
    }
    check_result(smp_start(&cpus[1], power_down_as_secondary, 0), RET_SUCCESS, "another core");
    check(smp_wait_progress(&cpus[1], 1), "powers down and comes back");
    check_equal(cpus[1].progress, 1, "in the prescribed state");
    check(smp_wait_off(&cpus[1]), "it turns itself off");
}

static void sleep_till_told(struct cpu *cpu)
{
    struct psci_call call;

    gic_init();
    gic_enable(SGI);
    smp_set_progress(cpu, 1);
    psci_prepare(&call, FID64(FN_CPU_SUSPEND), POWERDOWN, usual_entry(), CONTEXT);
    smp_set_progress(cpu, suspend_call(&call) ? 2 : 3);
    smp_wait_command(cpu, COMMAND_LEAVE);
}

/* A core that sleeps in CPU_SUSPEND is on. A server that takes it for off can lose the machine. */
SCENARIO(powerdown_is_on, "powerdown-is-on", "",
         "a core that is powered down by CPU_SUSPEND is ON: for AFFINITY_INFO, CPU_ON and "
         "SYSTEM_SUSPEND")
{
    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    check_result(smp_start(&cpus[1], sleep_till_told, 0), RET_SUCCESS, "another core starts");
    check(smp_wait_progress(&cpus[1], 1), "and is about to power down");
    rest_milliseconds(args_number("delay", 200));
    check_equal(cpus[1].progress, 1, "it is powered down");
    check_result(smp_affinity(&cpus[1]), AFFINITY_ON, "AFFINITY_INFO: ON");
    check_result(psci_call3(FID64(FN_CPU_ON), cpus[1].mpidr, usual_entry(), 0), RET_ALREADY_ON,
                 "CPU_ON: ALREADY_ON");
    check_result(suspend_simply(SUSPEND_64, CONTEXT), RET_DENIED, "SYSTEM_SUSPEND: DENIED");
}

SCENARIO(cpu_suspend_errors, "cpu-suspend-errors", "",
         "CPU_SUSPEND with a power_state or an entry point that is none")
{
    static const uint64_t bad_states[] = {1, 0x20000, 0x80000000, 0x1000000, 0x10001, 0x2010000};
    const uint32_t function = FID64(FN_CPU_SUSPEND);

    for (size_t i = 0; i < sizeof(bad_states) / sizeof(bad_states[0]); i++) {
        check_result(psci_call3(function, bad_states[i], usual_entry(), 0), RET_INVALID_PARAMETERS,
                     "no such power_state: INVALID_PARAMETERS");
    }
    for (unsigned i = 0; i < BAD_ENTRY_COUNT; i++) {
        check_result(psci_call3(function, POWERDOWN, bad_entry(i), 0), RET_INVALID_ADDRESS,
                     "powerdown with a bad entry point: INVALID_ADDRESS");
    }
    gic_enable(SGI);
    gic_send_to_self(SGI);
    check_result(psci_call3(function, 0, bad_entry(0), 0), RET_SUCCESS,
                 "standby takes no notice of the entry point");
}

SCENARIO(cpu_on_entry, "cpu-on-entry", "",
         "CPU_ON with an entry point that is none: INVALID_ADDRESS, and the core stays off")
{
    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    for (unsigned i = 0; i < BAD_ENTRY_COUNT; i++) {
        check_result(psci_call3(FID64(FN_CPU_ON), cpus[1].mpidr, bad_entry(i), 0),
                     RET_INVALID_ADDRESS, "a bad entry point: INVALID_ADDRESS");
        check_result(smp_affinity(&cpus[1]), AFFINITY_OFF, "the core is OFF");
    }
    check_result(smp_start(&cpus[1], NULL, CONTEXT), RET_SUCCESS, "a good one: SUCCESS");
    check(smp_wait_arrivals(&cpus[1], 1), "the core arrives");
    check_equal(cpus[1].entry.x[0], CONTEXT, "x0 is the context ID");
}

static void stay_until_told(struct cpu *cpu)
{
    smp_wait_command(cpu, cpu->arrivals);
}

/* After SUCCESS the core is ON_PENDING until it runs, then ON; it is never OFF in between. */
static const char *start_problem(struct cpu *cpu, uint64_t *pending)
{
    uint64_t arrivals = cpu->arrivals;
    int64_t state;

    if (smp_start(cpu, stay_until_told, 0) != RET_SUCCESS) {
        return "CPU_ON was refused";
    }
    do {
        state = smp_affinity(cpu);
        *pending += state == AFFINITY_ON_PENDING;
    } while (state == AFFINITY_ON_PENDING);
    if (state != AFFINITY_ON) {
        return "OFF after a CPU_ON";
    }
    if (!smp_wait_arrivals(cpu, arrivals + 1)) {
        return "it is ON and does not arrive";
    }
    smp_set_command(cpu, arrivals + 1);
    return smp_wait_off(cpu) ? NULL : "it does not turn itself off";
}

SCENARIO(on_pending, "on-pending", "",
         "AFFINITY_INFO after CPU_ON: ON_PENDING or ON, and not OFF before the core's CPU_OFF")
{
    const char *problem = NULL;
    uint64_t pending = 0;

    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    for (unsigned i = 0; i < PENDING_TRIES && problem == NULL; i++) {
        problem = start_problem(&cpus[1 + i % (cpu_count - 1)], &pending);
    }
    check_none(problem, "starts and ends in order");
    remark("pending %lu", pending);
}

/* A core that calls as fast as it can until it is told to end. */
static void flood(struct cpu *cpu)
{
    uint64_t calls = 0;

    smp_set_progress(cpu, 1);
    while (cpu->command < COMMAND_LEAVE) {
        psci_call2(FID64(FN_AFFINITY_INFO), cpus[calls % cpu_count].mpidr, 0);
        psci_call3(FID64(FN_CPU_ON), UINT64_MAX, usual_entry(), 0);
        psci_call2(FID64(FN_SYSTEM_SUSPEND), usual_entry(), 0);
        psci_call2(FID32(FN_MIGRATE) + (uint32_t)(calls % 3), 0, 0);
        calls++;
    }
    smp_set_progress(cpu, 2);
}

SCENARIO(call_flood, "call-flood", "ms=2000",
         "all other cores call whatever is refused as fast as they can; the first one gets on")
{
    uint64_t turns = 0;

    if (!check_at_least(cpu_count, 3, "cores", "there are enough cores")) {
        return;
    }
    for (uint32_t i = 2; i < cpu_count; i++) {
        smp_start(&cpus[i], flood, 0);
    }
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(args_number("ms", 2000));
    while (timer_now(TIMER_VIRTUAL) < end) {
        if (smp_start(&cpus[1], NULL, 0) != RET_SUCCESS || !smp_wait_off(&cpus[1])) {
            break;
        }
        turns++;
    }
    check(timer_now(TIMER_VIRTUAL) >= end, "the first core gets on");
    remark("turns %lu", turns);
    for (uint32_t i = 2; i < cpu_count; i++) {
        smp_set_command(&cpus[i], COMMAND_LEAVE);
        check(smp_wait_off(&cpus[i]), "a core that flooded ends");
    }
}

static int64_t by_smc(uint32_t function, uint64_t first, uint64_t second, uint64_t third)
{
    struct psci_call call;

    psci_prepare(&call, function, first, second, third);
    call.smc = true;
    psci_call(&call);
    return psci_registers_problem(&call) == NULL ? psci_result(&call) : INT64_MIN;
}

SCENARIO(smc, "smc", "", "the same calls by SMC, whatever the device tree says of the conduit")
{
    struct psci_call call;

    check_result(by_smc(FID32(FN_VERSION), 0, 0, 0), (int64_t)psci_version(), "PSCI_VERSION");
    check_result(by_smc(FID32(FN_FEATURES), FID32(FN_CPU_ON), 0, 0), 0, "PSCI_FEATURES");
    check_result(by_smc(FID64(FN_VERSION), 0, 0, 0), RET_NOT_SUPPORTED, "an unknown ID");
    check_result(by_smc(LEGACY_CPU_ON, 0, 0, 0), RET_NOT_SUPPORTED, "an ID of PSCI 0.1");
    if (cpu_count > 1) {
        check_result(by_smc(FID64(FN_CPU_ON), cpus[1].mpidr, usual_entry(), CONTEXT), RET_SUCCESS,
                     "CPU_ON");
        check(smp_wait_arrivals(&cpus[1], 1), "the core arrives");
        check_equal(cpus[1].entry.x[0], CONTEXT, "x0 is the context ID");
        check(smp_wait_off(&cpus[1]), "it turns itself off");
        check_result(by_smc(FID64(FN_AFFINITY_INFO), cpus[1].mpidr, 0, 0), AFFINITY_OFF,
                     "AFFINITY_INFO");
    }
    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    check_result(by_smc(FID64(FN_CPU_SUSPEND), 0, 0, 0), RET_SUCCESS, "CPU_SUSPEND");
    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    suspend_prepare(&call, SUSPEND_64, usual_entry(), CONTEXT);
    call.smc = true;
    suspend_remark(&call);
    if (suspend_check_resumed(suspend_call(&call), &call, "SYSTEM_SUSPEND")) {
        suspend_check_entry(&smp_self()->entry, CONTEXT, false);
    }
}
