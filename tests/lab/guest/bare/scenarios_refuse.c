/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSTEM_SUSPEND refused or not offered: the result, and that the guest continues unchanged. */
#include <stddef.h>

#include "args.h"
#include "exceptions.h"
#include "gic.h"
#include "guest_scenario.h"
#include "layout.h"
#include "pattern.h"
#include "platform.h"
#include "report.h"
#include "smp.h"
#include "state.h"
#include "suspend.h"
#include "sysreg.h"
#include "timer.h"

#define CONTEXT    UINT64_C(0x0123456789abcdef)
#define AN_HOUR_MS UINT64_C(3600000)
#define FOUR_GIB   UINT64_C(0x100000000)

enum { SGI = 5, INSTRUCTION_SIZE = 4 };

static uint64_t usual_entry(void)
{
    return (uint64_t)(uintptr_t)entry_point;
}

/*
 * Makes a call in both widths and checks that the result is `expected`; garbage in upper halves
 * must not matter.
 */
static void expect_refusal(uint64_t entry, int64_t expected, const char *text)
{
    struct psci_call call;

    suspend_prepare(&call, SUSPEND_64, entry, CONTEXT);
    if (psci_call(&call)) {
        check(false, text);
        remark("SMC64, entry 0x%lx: the system slept", entry);
        return;
    }
    check_result(psci_result(&call), expected, text);
    check_none(psci_registers_problem(&call), "SMC64: the other registers are as they were");
    if (entry >= FOUR_GIB) {
        return;
    }
    suspend_prepare(&call, SUSPEND_32, entry, CONTEXT);
    if (psci_call(&call)) {
        check(false, text);
        remark("SMC32, entry 0x%lx: the system slept", entry);
        return;
    }
    check_result(psci_result(&call), expected, text);
    check_none(psci_registers_problem(&call), "SMC32: the other registers are as they were");
}

/*
 * Checks that the machine can still sleep: after all refusals a valid call sleeps and comes back.
 */
static void expect_sleep(const char *text)
{
    struct psci_call call;

    suspend_prepare(&call, SUSPEND_64, usual_entry(), CONTEXT);
    suspend_arm(TIMER_VIRTUAL, args_number("ms", 50));
    if (suspend_check_resumed(suspend_call(&call), &call, text)) {
        check_none(suspend_entry_problem(&smp_self()->entry, CONTEXT, false),
                   "in the prescribed state");
    }
}

/* To the other cores. */
enum { COMMAND_LEAVE = 1 };

static void stay_until_told(struct cpu *cpu)
{
    smp_set_progress(cpu, cpu->arrivals);
    while (cpu->command != COMMAND_LEAVE) {
    }
}

/* In CPU_SUSPEND all the time, except for the moments in which it checks whether to leave. */
static void standby_until_told(struct cpu *cpu)
{
    if (!gic_init()) {
        return;
    }
    smp_set_progress(cpu, cpu->arrivals);
    while (cpu->command != COMMAND_LEAVE) {
        suspend_arm(TIMER_VIRTUAL, 500);
        psci_call3(FID64(FN_CPU_SUSPEND), 0, 0, 0);
    }
    timer_stop(TIMER_VIRTUAL);
}

static bool start_other(struct cpu *other, void (*function)(struct cpu *cpu), const char *text)
{
    uint64_t arrivals = other->arrivals;

    smp_set_command(other, 0);
    check_result(smp_start(other, function, 0), RET_SUCCESS, text);
    return smp_wait_arrivals(other, arrivals + 1) && smp_wait_progress(other, arrivals + 1);
}

static void denied_while_on(struct cpu *other)
{
    if (!check(start_other(other, stay_until_told, "CPU_ON of another core"), "it runs")) {
        return;
    }
    expect_refusal(usual_entry(), RET_DENIED, "another core is on: DENIED");
    expect_refusal(usual_entry() + 1, RET_DENIED, "a bad entry point as well: DENIED is first");
    smp_set_command(other, COMMAND_LEAVE);
    check(smp_wait_off(other), "the other core turns itself off");
}

/* DEN0022 5.19: only OFF is off. A core in a suspended state is on. */
static void denied_in_standby(struct cpu *other)
{
    if (!check(start_other(other, standby_until_told, "CPU_ON again"), "it runs")) {
        return;
    }
    expect_refusal(usual_entry(), RET_DENIED, "another core is in CPU_SUSPEND: DENIED");
    smp_set_command(other, COMMAND_LEAVE);
    check(smp_wait_off(other), "the other core turns itself off");
}

/*
 * There is no wait between the two calls: after SUCCESS the other core is not off, whether it runs
 * yet or not.
 */
static void denied_at_once(struct cpu *other)
{
    smp_set_command(other, 0);
    check_result(smp_start(other, stay_until_told, 0), RET_SUCCESS, "CPU_ON once more");
    expect_refusal(usual_entry(), RET_DENIED, "straight after CPU_ON: DENIED");
    smp_set_command(other, COMMAND_LEAVE);
    check(smp_wait_off(other), "the other core turns itself off");
}

static volatile uint64_t wrong_answers; /* of the core that calls in `denied_to_both` */

static void call_until_told(struct cpu *cpu)
{
    wrong_answers = 0;
    smp_set_progress(cpu, cpu->arrivals);
    while (cpu->command != COMMAND_LEAVE) {
        wrong_answers += suspend_simply(SUSPEND_64, CONTEXT) != RET_DENIED;
    }
}

static void denied_to_both(struct cpu *other)
{
    uint64_t wrong = 0;

    if (!check(start_other(other, call_until_told, "CPU_ON of a core that calls too"), "it runs")) {
        return;
    }
    for (unsigned i = 0; i < 50; i++) {
        wrong += suspend_simply(SUSPEND_64, CONTEXT) != RET_DENIED;
    }
    smp_set_command(other, COMMAND_LEAVE);
    check(smp_wait_off(other), "the other core turns itself off");
    check_equal(wrong, 0, "two callers at once: DENIED to one");
    check_equal(wrong_answers, 0, "two callers at once: DENIED to the other");
}

SCENARIO(denied, "denied", "",
         "SYSTEM_SUSPEND is DENIED unless every other core is off, and works when it is")
{
    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    for (uint32_t i = 1; i < cpu_count; i++) {
        denied_while_on(&cpus[i]);
    }
    denied_in_standby(&cpus[1]);
    denied_at_once(&cpus[1]);
    denied_to_both(&cpus[1]);
    expect_sleep("all others off: it sleeps");
}

/* ldr x17, [pc + 8]; br x17; and the address, with a branch to them in the last word. */
static void write_trampoline(uint64_t last)
{
    uint64_t at = last - 60;

    *(volatile uint32_t *)at = 0x58000051;
    *(volatile uint32_t *)(at + 4) = 0xd61f0220;
    *(volatile uint32_t *)(at + 8) = (uint32_t)usual_entry();
    *(volatile uint32_t *)(at + 12) = (uint32_t)(usual_entry() >> 32);
    *(volatile uint32_t *)last = 0x14000000 | ((uint32_t)(-60 / INSTRUCTION_SIZE) & 0x3ffffff);
    __asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" ::: "memory");
}

static void last_word_is_fine(void)
{
    uint64_t last = platform_ram_end() - INSTRUCTION_SIZE;
    struct psci_call call;

    write_trampoline(last);
    suspend_prepare(&call, SUSPEND_64, last, CONTEXT);
    suspend_arm(TIMER_VIRTUAL, args_number("ms", 50));
    if (suspend_check_resumed(suspend_call(&call), &call, "the last word of RAM is accepted")) {
        check_equal(smp_self()->entry.x[0], CONTEXT, "x0 is the context ID");
    }
}

SCENARIO(invalid_entry, "invalid-entry", "",
         "SYSTEM_SUSPEND with entry points that cannot be: INVALID_ADDRESS")
{
    expect_refusal(0, RET_INVALID_ADDRESS, "0");
    expect_refusal(usual_entry() + 1, RET_INVALID_ADDRESS, "off by one");
    expect_refusal(usual_entry() + 2, RET_INVALID_ADDRESS, "off by two");
    expect_refusal(usual_entry() + 3, RET_INVALID_ADDRESS, "off by three");
    expect_refusal(platform.ram[0].base - INSTRUCTION_SIZE, RET_INVALID_ADDRESS, "before RAM");
    expect_refusal(platform_ram_end(), RET_INVALID_ADDRESS, "just past the end of RAM");
    expect_refusal(platform_ram_end() - 2, RET_INVALID_ADDRESS, "across the end of RAM");
    expect_refusal(platform.uart.base, RET_INVALID_ADDRESS, "a device");
    expect_refusal(usual_entry() | UINT64_C(1) << 40, RET_INVALID_ADDRESS, "bit 40 set");
    expect_refusal(usual_entry() | UINT64_C(1) << 63, RET_INVALID_ADDRESS, "bit 63 set");
    expect_refusal(UINT64_MAX, RET_INVALID_ADDRESS, "all ones");
    expect_refusal(UINT64_MAX - 3, RET_INVALID_ADDRESS, "all ones, aligned");
    expect_sleep("a good one after all these: it sleeps");
    last_word_is_fine();
}

/* Every register that a careless answer could change has a value of its own. */
static void set_stage(void)
{
    gic_drain(); /* of the timer, by which it may have waited for another core */
    state_fill_fp(CONTEXT);
    WRITE_SYSREG(elr_el1, CONTEXT & ~UINT64_C(3));
    WRITE_SYSREG(ttbr0_el1, 0x40000000);
    WRITE_SYSREG(ttbr1_el1, 0x41000000);
    WRITE_SYSREG(mair_el1, UINT64_C(0x44ff0400));
    gic_set_mask(0xb8);
    gic_enable(SGI);
    gic_send_to_self(SGI);
    gic_enable(timer_intid(TIMER_VIRTUAL));
    timer_arm(TIMER_VIRTUAL, timer_now(TIMER_VIRTUAL) + timer_milliseconds(AN_HOUR_MS));
    timer_arm(TIMER_PHYSICAL, timer_now(TIMER_PHYSICAL) + timer_milliseconds(AN_HOUR_MS));
}

static void clear_stage(void)
{
    timer_stop(TIMER_VIRTUAL);
    timer_stop(TIMER_PHYSICAL);
    gic_init_interface();
    check_equal(gic_take(), SGI, "the pending interrupt can be taken");
}

/* Makes a call that must be refused, from a caller with D, A and F unmasked and on SP_EL0. */
static void expect_untouched(enum suspend_width width, uint64_t entry, int64_t expected,
                             const char *text)
{
    struct psci_call call;
    struct core_state before;
    struct core_state after;
    struct region scratch = platform_scratch();

    pattern_fill(scratch, CONTEXT);
    set_stage();
    suspend_prepare(&call, width, entry, CONTEXT);
    call.spsel = 0;
    call.daif = DAIF_I;
    state_read(&before);
    bool slept = psci_call(&call);
    state_read(&after);
    if (!slept) {
        check_result(psci_result(&call), expected, text);
        check_none(psci_registers_problem(&call), "x1-x30, SP, PSTATE, SCTLR_EL1 are as they were");
        check_none(state_difference(&before, &after), "SIMD, system, timer, GIC state as it was");
        check_equal(pattern_find_damage(scratch, CONTEXT), 0, "memory is as it was");
    } else {
        check(false, text);
    }
    clear_stage();
}

static void take_timer(struct cpu *cpu)
{
    (void)cpu;
    timer_stop(TIMER_VIRTUAL);
    gic_take();
}

/* Interrupts, waiting for them, and other cores work as before. */
static void expect_life_goes_on(void)
{
    struct cpu *self = smp_self();
    uint64_t taken = self->interrupts;

    suspend_arm(TIMER_VIRTUAL, 20);
    exceptions_interrupts(take_timer);
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_milliseconds(5000);
    while (self->interrupts == taken && timer_now(TIMER_VIRTUAL) < end) {
        __asm__ volatile("wfi");
    }
    exceptions_interrupts(NULL);
    check_equal(self->interrupts - taken, 1, "a timer interrupt arrives");
    if (cpu_count > 1) {
        check(start_other(&cpus[1], stay_until_told, "CPU_ON of another core"), "it runs");
        smp_set_command(&cpus[1], COMMAND_LEAVE);
        check(smp_wait_off(&cpus[1]), "it turns itself off");
    }
}

SCENARIO(refused_state, "refused-state", "",
         "a refused SYSTEM_SUSPEND changes nothing but x0 (and may clear x1-x3)")
{
    expect_untouched(SUSPEND_64, usual_entry() + 2, RET_INVALID_ADDRESS, "SMC64: INVALID_ADDRESS");
    expect_untouched(SUSPEND_32, 0, RET_INVALID_ADDRESS, "SMC32: INVALID_ADDRESS");
    if (cpu_count > 1) {
        check(start_other(&cpus[1], stay_until_told, "CPU_ON of another core"), "it runs");
        expect_untouched(SUSPEND_64, usual_entry(), RET_DENIED, "SMC64: DENIED");
        expect_untouched(SUSPEND_32, usual_entry(), RET_DENIED, "SMC32: DENIED");
        smp_set_command(&cpus[1], COMMAND_LEAVE);
        check(smp_wait_off(&cpus[1]), "it turns itself off");
    }
    expect_life_goes_on();
}

SCENARIO(suspend_refuse, "suspend-refuse", "",
         "SYSTEM_SUSPEND is offered, but the operator says no: DENIED, and life goes on")
{
    check_result(psci_call2(FID32(FN_FEATURES), FID32(FN_SYSTEM_SUSPEND), 0), 0,
                 "FEATURES offers SMC32");
    check_result(psci_call2(FID32(FN_FEATURES), FID64(FN_SYSTEM_SUSPEND), 0), 0,
                 "FEATURES offers SMC64");
    expect_untouched(SUSPEND_64, usual_entry(), RET_DENIED, "SMC64: DENIED");
    expect_untouched(SUSPEND_32, usual_entry(), RET_DENIED, "SMC32: DENIED");
    expect_life_goes_on();
}

SCENARIO(suspend_off, "suspend-off", "",
         "SYSTEM_SUSPEND is not offered: NOT_SUPPORTED from the call and PSCI_FEATURES alike")
{
    check_result(psci_call2(FID32(FN_FEATURES), FID32(FN_SYSTEM_SUSPEND), 0), RET_NOT_SUPPORTED,
                 "FEATURES of SMC32: NOT_SUPPORTED");
    check_result(psci_call2(FID32(FN_FEATURES), FID64(FN_SYSTEM_SUSPEND), 0), RET_NOT_SUPPORTED,
                 "FEATURES of SMC64: NOT_SUPPORTED");
    expect_untouched(SUSPEND_64, usual_entry(), RET_NOT_SUPPORTED, "SMC64: NOT_SUPPORTED");
    expect_untouched(SUSPEND_32, usual_entry(), RET_NOT_SUPPORTED, "SMC32: NOT_SUPPORTED");
    expect_life_goes_on();
}
