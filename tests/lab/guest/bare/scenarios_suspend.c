/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSTEM_SUSPEND honoured: where and how the core comes back, and that no wake is lost. */
#include <stddef.h>

#include "args.h"
#include "exceptions.h"
#include "gic.h"
#include "guest_scenario.h"
#include "layout.h"
#include "mmu.h"
#include "pattern.h"
#include "platform.h"
#include "report.h"
#include "smp.h"
#include "suspend.h"
#include "sysreg.h"
#include "timer.h"

#define CONTEXT    UINT64_C(0xfedcba9876543210)
#define AN_HOUR_MS UINT64_C(3600000)

enum { SGI = 5, URGENT_PRIORITY = 0x40, LOW_PRIORITY_MASK = 0x80 };

static enum timer chosen_timer(void)
{
    return args_is("timer", "physical") ? TIMER_PHYSICAL : TIMER_VIRTUAL;
}

static enum timer other_timer(enum timer timer)
{
    return timer == TIMER_VIRTUAL ? TIMER_PHYSICAL : TIMER_VIRTUAL;
}

static uint64_t usual_entry(void)
{
    return (uint64_t)(uintptr_t)entry_point;
}

/* On a very slow machine the wake came before the call: set another one. */
static void fire_again(struct cpu *cpu)
{
    unsigned intid = gic_acknowledge();

    (void)cpu;
    suspend_arm(chosen_timer(), args_number("ms", 100));
    gic_end(intid);
}

/*
 * The caller has on everything that must be off at the entry point: MMU, caches, interrupts, the
 * other stack pointer, both timers. The timer that must not wake fires in an hour.
 */
static bool suspend_with_all_on(struct psci_call *call, enum timer timer)
{
    mmu_prepare();
    call->sctlr |= SCTLR_M | SCTLR_C | SCTLR_I;
    call->daif = 0;
    call->spsel = 0;
    timer_arm(other_timer(timer), timer_now(other_timer(timer)) + timer_milliseconds(AN_HOUR_MS));
    suspend_arm(timer, args_number("ms", 100));
    exceptions_interrupts(fire_again);
    bool resumed = suspend_call(call);
    exceptions_interrupts(NULL);
    return resumed;
}

static void suspend_once(enum suspend_width width)
{
    struct psci_call call;
    struct region scratch = platform_scratch();
    uint64_t milliseconds = args_number("ms", 100);

    check(psci_has(FID32(FN_SYSTEM_SUSPEND)), "PSCI_FEATURES offers SYSTEM_SUSPEND");
    check(psci_has(FID64(FN_SYSTEM_SUSPEND)), "PSCI_FEATURES offers its SMC64 form");
    pattern_fill(scratch, CONTEXT);
    suspend_prepare(&call, width, usual_entry(), CONTEXT);
    suspend_remark(&call);
    uint64_t start = timer_now(TIMER_VIRTUAL);
    bool resumed = suspend_with_all_on(&call, chosen_timer());
    if (!suspend_check_resumed(resumed, &call, "the core comes back at its entry point")) {
        return;
    }
    const struct entry_state *entry = &smp_self()->entry;
    suspend_check_entry(entry, suspend_context(width, CONTEXT), false);
    check_at_least(suspend_duration(start, entry), milliseconds, "ms", "it slept until the timer");
    check_equal(pattern_find_damage(scratch, CONTEXT), 0, "memory is as it was");
}

SCENARIO(suspend64, "suspend64", "timer=virtual|physical ms=100",
         "SYSTEM_SUSPEND, SMC64: sleeps, wakes, comes back in the prescribed state")
{
    suspend_once(SUSPEND_64);
}

SCENARIO(suspend32, "suspend32", "timer=virtual|physical ms=100",
         "SYSTEM_SUSPEND, SMC32 with garbage in the upper halves of its arguments")
{
    suspend_once(SUSPEND_32);
}

static void big_endian_secondary(struct cpu *cpu)
{
    smp_set_progress(cpu, 1);
}

/* DEN0022 6.4.3: a core that is started gets the endianness of its starter. */
static void big_endian_start(void)
{
    struct psci_call call;
    struct cpu *other = smp_other();

    other->function = big_endian_secondary;
    psci_prepare(&call, FID64(FN_CPU_ON), other->mpidr, usual_entry(), CONTEXT);
    call.sctlr |= SCTLR_EE;
    psci_call(&call);
    check_result(psci_result(&call), RET_SUCCESS, "CPU_ON by a big-endian core");
    check_equal(call.sctlr_after, call.sctlr, "the caller is big-endian still");
    if (check(smp_wait_progress(other, 1), "the other core arrives")) {
        suspend_check_entry(&other->entry, CONTEXT, true);
    }
    check(smp_wait_off(other), "the other core turns itself off");
}

static void big_endian_suspend(enum suspend_width width, const char *text)
{
    struct psci_call call;

    suspend_prepare(&call, width, usual_entry(), CONTEXT);
    call.sctlr |= SCTLR_EE;
    suspend_arm(TIMER_VIRTUAL, args_number("ms", 100));
    if (suspend_check_resumed(suspend_call(&call), &call, text)) {
        suspend_check_entry(&smp_self()->entry, suspend_context(width, CONTEXT), true);
    }
}

SCENARIO(big_endian, "big-endian", "ms=100",
         "a caller with SCTLR_EL1.EE set comes back big-endian; with 2 cores, also CPU_ON by it")
{
    big_endian_suspend(SUSPEND_64, "SMC64: back at the entry point");
    big_endian_suspend(SUSPEND_32, "SMC32: back at the entry point");
    if (cpu_count > 1) {
        big_endian_start();
    }
}

static void expect_no_sleep(const char *text)
{
    struct psci_call call;

    suspend_prepare(&call, SUSPEND_64, usual_entry(), CONTEXT);
    if (suspend_check_resumed(suspend_call(&call), &call, text)) {
        check_none(suspend_entry_problem(&smp_self()->entry, CONTEXT, false),
                   "in the prescribed state");
    }
}

SCENARIO(pending, "pending", "",
         "an interrupt that is pending already ends the sleep at once, and is there afterwards")
{
    gic_enable(SGI);
    gic_send_to_self(SGI);
    expect_no_sleep("a pending SGI: back at the entry point");
    check(gic_is_pending(SGI), "the SGI is still pending");
    check_equal(gic_take(), SGI, "and can be taken");

    gic_enable(timer_intid(TIMER_VIRTUAL));
    timer_arm(TIMER_VIRTUAL, timer_now(TIMER_VIRTUAL));
    expect_no_sleep("a virtual timer that has fired: back at the entry point");

    gic_enable(timer_intid(TIMER_PHYSICAL));
    timer_arm(TIMER_PHYSICAL, timer_now(TIMER_PHYSICAL));
    expect_no_sleep("a physical timer that has fired: back at the entry point");
}

/* Sleeps until the timer, with a pending SGI that must not wake. */
static void expect_sleep(const char *text)
{
    const uint64_t milliseconds = 200;
    struct psci_call call;

    gic_send_to_self(SGI);
    suspend_prepare(&call, SUSPEND_64, usual_entry(), CONTEXT);
    uint64_t start = timer_now(TIMER_VIRTUAL);
    suspend_arm(TIMER_VIRTUAL, milliseconds);
    if (suspend_check_resumed(suspend_call(&call), &call, text)) {
        check_at_least(suspend_duration(start, &smp_self()->entry), milliseconds, "ms",
                       "it slept until the timer");
        check(gic_is_pending(SGI), "the SGI is still pending");
    }
}

SCENARIO(not_pending, "masked", "",
         "an interrupt that the GIC would not deliver does not end the sleep")
{
    gic_disable(SGI);
    expect_sleep("a pending SGI that is not enabled: back at the entry point");

    gic_enable(SGI);
    gic_set_priority(timer_intid(TIMER_VIRTUAL), URGENT_PRIORITY);
    gic_set_mask(LOW_PRIORITY_MASK);
    expect_sleep("a pending SGI below the priority mask: back at the entry point");
    check_equal(gic_take(), SGI, "with the mask raised it can be taken");
}

/*
 * The other cores of `secondary`: each reports that it runs, waits for the signal, and turns off.
 */
static void wait_and_leave(struct cpu *cpu)
{
    smp_set_progress(cpu, 1);
    smp_wait_command(cpu, 1);
}

static bool all_others_off(void)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (&cpus[i] != smp_self() && smp_affinity(&cpus[i]) != AFFINITY_OFF) {
            return false;
        }
    }
    return true;
}

static void boot_core_again(struct cpu *cpu)
{
    smp_set_progress(cpu, 1);
}

static void from_secondary(struct cpu *cpu)
{
    struct psci_call call;

    smp_wait_command(cpu, 1); /* One core speaks at a time. */
    check(gic_init(), "the second core sets up its GIC");
    check(smp_wait_off(&cpus[0]), "the boot core is off");
    for (uint32_t i = 2; i < cpu_count; i++) {
        smp_set_command(&cpus[i], 1);
        if (!smp_wait_off(&cpus[i])) {
            check(false, "the other cores turn themselves off");
        }
    }
    suspend_prepare(&call, SUSPEND_64, usual_entry(), CONTEXT);
    suspend_remark(&call);
    suspend_arm(TIMER_VIRTUAL, args_number("ms", 100));
    if (suspend_check_resumed(suspend_call(&call), &call, "the caller comes back")) {
        check(smp_self() == cpu, "it is the core that called");
        suspend_check_entry(&cpu->entry, CONTEXT, false);
        check(all_others_off(), "all other cores are off still");
    }
    check_result(smp_start(&cpus[0], boot_core_again, CONTEXT), RET_SUCCESS,
                 "the boot core can be turned on");
    check(smp_wait_progress(&cpus[0], 1), "and runs");
    check(smp_wait_off(&cpus[0]), "and turns itself off");
    report_end();
}

SCENARIO(secondary, "secondary", "ms=100",
         "SYSTEM_SUSPEND by the second core with the boot core off (2 cores or more)")
{
    if (!check_at_least(cpu_count, 2, "cores", "there is a second core")) {
        return;
    }
    for (uint32_t i = 2; i < cpu_count; i++) {
        smp_start(&cpus[i], wait_and_leave, i);
        if (!smp_wait_progress(&cpus[i], 1)) {
            check(false, "every core starts");
        }
    }
    check_result(smp_start(&cpus[1], from_secondary, 1), RET_SUCCESS, "the second core starts");
    smp_set_command(&cpus[1], 1);
    psci_call2(FID32(FN_CPU_OFF), 0, 0);
    check(false, "CPU_OFF does not return");
}

static void spin(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("nop");
    }
}

/* One call with the timer set for `ticks` after the arming, and a few instructions in between. */
static const char *race_once(enum timer timer, enum suspend_width width, uint64_t ticks,
                             uint64_t instructions, uint64_t context)
{
    struct psci_call call;

    suspend_prepare(&call, width, usual_entry(), context);
    timer_arm(timer, timer_now(timer) + ticks);
    spin(instructions);
    if (!suspend_call(&call)) {
        return "the call returned";
    }
    return suspend_entry_problem(&smp_self()->entry, suspend_context(width, context), false);
}

/* Runs `count` cycles. A lost wake hangs for ever, so the progress is printed now and then. */
static void race(uint64_t count, uint64_t first, uint64_t step, uint64_t seed)
{
    const char *problem = NULL;
    uint64_t done;

    gic_enable(timer_intid(TIMER_VIRTUAL));
    gic_enable(timer_intid(TIMER_PHYSICAL));
    for (done = 0; done < count && problem == NULL; done++) {
        uint64_t random = pattern_random(&seed);
        enum timer timer = (random & 1) != 0 ? TIMER_PHYSICAL : TIMER_VIRTUAL;
        enum suspend_width width = (random & 2) != 0 ? SUSPEND_32 : SUSPEND_64;

        if (done % 250 == 0) {
            remark("cycle %lu of %lu", done, count);
        }
        problem = race_once(timer, width, first + done * step, random >> 8 & 63, random);
    }
    check_none(problem, "the core came back in the prescribed state each time");
    check_equal(done, count, "as often as it was to");
}

SCENARIO(race_scenario, "race", "first=0 last=2000 step=1 seed=1",
         "a timer that fires from `first` to `last` ticks after it is armed, just before the call")
{
    uint64_t first = args_number("first", 0);
    uint64_t step = args_number("step", 1);
    uint64_t last = args_number("last", 2000);

    if (step == 0 || last < first) {
        check(false, "step is at least 1, and last is not before first");
        return;
    }
    race((last - first) / step + 1, first, step, args_number("seed", 1));
}

SCENARIO(many, "suspend-many", "cycles=1000 ticks=1000",
         "many cycles of SYSTEM_SUSPEND, both widths and both timers in turn")
{
    struct region scratch = platform_scratch();

    pattern_fill(scratch, CONTEXT);
    race(args_number("cycles", 1000), args_number("ticks", 1000), 0, CONTEXT);
    check_equal(pattern_find_damage(scratch, CONTEXT), 0, "memory is as it was");
}
