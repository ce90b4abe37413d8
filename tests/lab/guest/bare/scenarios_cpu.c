/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_ON, CPU_OFF, AFFINITY_INFO, CPU_SUSPEND: the calls that every guest with two cores needs. */
#include <stddef.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "platform.h"
#include "report.h"
#include "smp.h"
#include "suspend.h"
#include "timer.h"

#define CONTEXT_BASE UINT64_C(0xc0ffee0000000000)

enum { SGI = 5, COMMAND_LEAVE = 1 };

static uint64_t usual_entry(void)
{
    return (uint64_t)(uintptr_t)entry_point;
}

static void stay_until_told(struct cpu *cpu)
{
    smp_set_progress(cpu, cpu->arrivals);
    /* Of hundreds of cores on a host with few processors the first may wait for minutes. */
    while (!smp_wait_command(cpu, COMMAND_LEAVE)) {
    }
}

static void leave_at_once(struct cpu *cpu)
{
    smp_set_progress(cpu, cpu->arrivals);
}

/* An MPIDR that no core has, though each of its fields is some core's or near it. */
static uint64_t absent_mpidr(void)
{
    uint64_t greatest = 0;

    for (uint32_t i = 0; i < cpu_count; i++) {
        greatest = cpus[i].mpidr > greatest ? cpus[i].mpidr : greatest;
    }
    return (greatest & ~UINT64_C(0xff)) | ((greatest + 1) & 0xf) | 0x100;
}

/* The first problem of any core that has arrived, with its index in *bad. */
static const char *find_problem(uint32_t *bad)
{
    for (*bad = 1; *bad < cpu_count; (*bad)++) {
        const char *problem = suspend_entry_problem(&cpus[*bad].entry, CONTEXT_BASE + *bad, false);

        if (problem != NULL) {
            return problem;
        }
    }
    return NULL;
}

static uint32_t count_in(int state)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cpu_count; i++) {
        count += smp_affinity(&cpus[i]) == (int64_t)state;
    }
    return count;
}

static uint32_t start_all(void)
{
    uint32_t started = 0;

    for (uint32_t i = 1; i < cpu_count; i++) {
        started += smp_start(&cpus[i], stay_until_told, CONTEXT_BASE + i) == RET_SUCCESS;
    }
    return started;
}

static uint32_t count_arrived(uint64_t times)
{
    uint32_t arrived = 0;

    for (uint32_t i = 1; i < cpu_count; i++) {
        arrived += smp_wait_progress(&cpus[i], times);
    }
    return arrived;
}

static void all_leave(void)
{
    for (uint32_t i = 1; i < cpu_count; i++) {
        smp_set_command(&cpus[i], COMMAND_LEAVE);
    }
    (void)smp_wait_all_off();
}

SCENARIO(cpu_on, "cpu-on", "cpus=N",
         "CPU_ON of every core with its own context ID; N cores where given")
{
    uint32_t bad;

    check_equal(cpu_count, args_number("cpus", cpu_count), "the device tree has as many cores");
    check_equal(count_in(AFFINITY_OFF), cpu_count - 1, "all but the boot core are off");
    check_equal(start_all(), cpu_count - 1, "CPU_ON of all others");
    check_equal(count_arrived(1), cpu_count - 1, "all of them arrive");
    const char *problem = find_problem(&bad);
    if (!check_none(problem, "each in the prescribed state, with its context ID")) {
        remark("core %u, MPIDR 0x%lx, x0 0x%lx", bad, cpus[bad].mpidr, cpus[bad].entry.x[0]);
    }
    check_equal(count_in(AFFINITY_ON), cpu_count, "all are on");
    all_leave();
    check_equal(count_in(AFFINITY_OFF), cpu_count - 1, "all but the boot core are off again");
}

static void narrow_arguments(struct cpu *other)
{
    struct psci_call call;
    uint64_t arrivals = other->arrivals;

    other->function = leave_at_once;
    psci_prepare(&call, FID32(FN_CPU_ON), GARBAGE | other->mpidr, GARBAGE | usual_entry(),
                 GARBAGE | 0x12345678);
    call.in[0] |= GARBAGE;
    psci_call(&call);
    check_result(psci_result(&call), RET_SUCCESS, "SMC32 with garbage in the upper halves");
    check_none(psci_registers_problem(&call), "the other registers are as they were");
    if (check(smp_wait_arrivals(other, arrivals + 1), "the core arrives")) {
        check_equal(other->entry.x[0], 0x12345678, "x0 is the context ID, narrowed");
    }
    check(smp_wait_off(other), "it turns itself off");
}

SCENARIO(cpu_on_errors, "cpu-on-errors", "",
         "CPU_ON of cores that are on, that are not there, or whose number is malformed")
{
    uint64_t self = smp_self()->mpidr;

    check_result(smp_start(smp_self(), NULL, 0), RET_ALREADY_ON, "the caller itself: ALREADY_ON");
    check_result(psci_call3(FID64(FN_CPU_ON), absent_mpidr(), usual_entry(), 0),
                 RET_INVALID_PARAMETERS, "no such core: INVALID_PARAMETERS");
    check_result(psci_call3(FID64(FN_CPU_ON), UINT64_MAX, usual_entry(), 0), RET_INVALID_PARAMETERS,
                 "all ones: INVALID_PARAMETERS");
    check_result(psci_call3(FID64(FN_CPU_ON), self | UINT64_C(1) << 31, usual_entry(), 0),
                 RET_INVALID_PARAMETERS, "a reserved bit set: INVALID_PARAMETERS");
    if (cpu_count < 2) {
        return;
    }
    struct cpu *other = &cpus[1];
    check_result(smp_start(other, stay_until_told, 0), RET_SUCCESS, "a core that is off: SUCCESS");
    check(smp_wait_progress(other, 1), "it arrives");
    check_result(smp_start(other, stay_until_told, 0), RET_ALREADY_ON, "once more: ALREADY_ON");
    check_equal(other->arrivals, 1, "it has been started once");
    smp_set_command(other, COMMAND_LEAVE);
    check(smp_wait_off(other), "it turns itself off");
    narrow_arguments(other);
}

/* The result that each core got. */
static volatile uint64_t race_results[CPU_MAX];

static void race_to_start(struct cpu *cpu)
{
    struct cpu *target = &cpus[1];

    smp_set_progress(cpu, cpu->arrivals);
    smp_wait_command(cpu, cpu->arrivals);
    race_results[cpu - cpus] = (uint64_t)psci_call3(FID64(FN_CPU_ON), target->mpidr, usual_entry(),
                                                    (uint64_t)(cpu - cpus));
}

/* All racers are ready and start together, and all cores are off again afterwards. */
static bool race_run(uint64_t round)
{
    cpus[1].function = leave_at_once;
    for (uint32_t i = 2; i < cpu_count; i++) {
        if (smp_start(&cpus[i], race_to_start, 0) != RET_SUCCESS ||
            !smp_wait_progress(&cpus[i], round)) {
            return false;
        }
    }
    for (uint32_t i = 2; i < cpu_count; i++) {
        smp_set_command(&cpus[i], round);
    }
    for (uint32_t i = 2; i < cpu_count; i++) {
        if (!smp_wait_off(&cpus[i])) {
            return false;
        }
    }
    return smp_wait_off(&cpus[1]);
}

static const char *race_problem(uint64_t arrivals)
{
    uint64_t winners = 0;
    uint32_t winner = 0;

    for (uint32_t i = 2; i < cpu_count; i++) {
        int64_t result = (int64_t)race_results[i];

        if (result == RET_SUCCESS) {
            winners++;
            winner = i;
        } else if (result != RET_ALREADY_ON && result != RET_ON_PENDING) {
            return "a caller got neither SUCCESS, ALREADY_ON nor ON_PENDING";
        }
    }
    if (winners == 0) {
        return "no caller got SUCCESS";
    }
    /*
     * If a core calls late, the target may be off again, and the call may rightly start it again.
     */
    if (winners != arrivals) {
        return "the core has not started as often as SUCCESS was given";
    }
    return winners == 1 && cpus[1].entry.x[0] != winner ? "it got a loser's context ID" : NULL;
}

SCENARIO(cpu_on_race, "cpu-on-race", "rounds=20",
         "all cores call CPU_ON for the same one together: as many SUCCESSes as starts (4 cores)")
{
    uint64_t rounds = args_number("rounds", 20);
    const char *problem = NULL;
    uint64_t done;

    if (!check_at_least(cpu_count, 4, "cores", "there are enough cores")) {
        return;
    }
    for (done = 0; done < rounds && problem == NULL; done++) {
        uint64_t arrivals = cpus[1].arrivals;

        problem = race_run(done + 1) ? race_problem(cpus[1].arrivals - arrivals)
                                     : "not all cores started and went off";
    }
    check_none(problem, "every SUCCESS started the core once, with the winner's context ID");
    check_equal(done, rounds, "rounds run");
}

SCENARIO(cpu_off, "cpu-off", "cycles=100", "CPU_OFF and CPU_ON of every core, over and over")
{
    uint64_t cycles = args_number("cycles", 100);
    uint64_t done;

    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    for (done = 0; done < cycles; done++) {
        struct cpu *cpu = &cpus[1 + done % (cpu_count - 1)];
        uint64_t context = CONTEXT_BASE + done;
        uint64_t arrivals = cpu->arrivals;

        if (smp_start(cpu, leave_at_once, context) != RET_SUCCESS ||
            !smp_wait_arrivals(cpu, arrivals + 1) || !smp_wait_off(cpu) ||
            suspend_entry_problem(&cpu->entry, context, false) != NULL) {
            break;
        }
    }
    check_equal(done, cycles, "cycles of on, arrived in the prescribed state, off");
}

static int64_t affinity(uint64_t mpidr, uint64_t level)
{
    return psci_call2(FID64(FN_AFFINITY_INFO), mpidr, level);
}

/* DEN0022 5.7: from 1.0 on, levels above 0 may be answered with INVALID_PARAMETERS. */
static void affinity_of_level(uint64_t level)
{
    int64_t result = affinity(smp_self()->mpidr, level);
    bool may_decline = psci_version() >= V1_0;

    check(result == AFFINITY_ON || (may_decline && result == RET_INVALID_PARAMETERS),
          "a level above 0 that the caller is in: ON, or (1.0) INVALID_PARAMETERS");
    remark("level %lu: %ld", level, result);
}

SCENARIO(affinity_info, "affinity", "", "AFFINITY_INFO of cores, levels and nonsense")
{
    struct psci_call call;
    uint64_t self = smp_self()->mpidr;

    check_result(affinity(self, 0), AFFINITY_ON, "the caller is ON");
    for (uint64_t level = 1; level <= 3; level++) {
        affinity_of_level(level);
    }
    check_result(affinity(self, 4), RET_INVALID_PARAMETERS, "level 4: INVALID_PARAMETERS");
    check_result(affinity(absent_mpidr(), 0), RET_INVALID_PARAMETERS,
                 "no such core: INVALID_PARAMETERS");
    check_result(affinity(self | UINT64_C(1) << 24, 0), RET_INVALID_PARAMETERS,
                 "a reserved bit set: INVALID_PARAMETERS");
    psci_prepare(&call, FID32(FN_AFFINITY_INFO), GARBAGE | self, GARBAGE, GARBAGE);
    call.in[0] |= GARBAGE;
    psci_call(&call);
    check_result(psci_result(&call), AFFINITY_ON, "SMC32 with garbage in the upper halves");
    check_none(psci_registers_problem(&call), "the other registers are as they were");
    if (cpu_count > 1) {
        check_result(smp_affinity(&cpus[1]), AFFINITY_OFF, "a core not started yet is OFF");
    }
}

/* Like WFI, standby may end early for reasons of the implementation, but not every time. */
static void standby(enum timer timer, const char *text)
{
    const uint64_t returns_max = 10;
    struct psci_call call;
    uint64_t returns = 0;

    suspend_arm(timer, 50);
    do {
        psci_prepare(&call, FID64(FN_CPU_SUSPEND), 0, 0, 0);
        psci_call(&call);
        returns++;
    } while (psci_result(&call) == RET_SUCCESS && (timer_control(timer) & TIMER_CTL_FIRED) == 0);
    check_result(psci_result(&call), RET_SUCCESS, text);
    check_none(psci_registers_problem(&call), "the other registers are as they were");
    check_at_most(returns, returns_max, "returns", "it waited for the timer");
    timer_stop(timer);
}

SCENARIO(cpu_suspend, "cpu-suspend", "",
         "CPU_SUSPEND to standby: returns SUCCESS when an interrupt comes, or is there")
{
    standby(TIMER_VIRTUAL, "until the virtual timer fires: SUCCESS");
    standby(TIMER_PHYSICAL, "until the physical timer fires: SUCCESS");
    gic_enable(SGI);
    gic_send_to_self(SGI);
    check_result(psci_call3(FID32(FN_CPU_SUSPEND), 0, 0, 0), RET_SUCCESS,
                 "SMC32, with an interrupt pending: SUCCESS at once");
    check_equal(gic_take(), SGI, "the interrupt can be taken");
}
