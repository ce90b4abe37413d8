/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSTEM_SUSPEND: the caller alone sleeps, and alone comes back, at its entry point. */
#include "../engine/moves.h"
#include "families.h"

#define CONTEXT UINT64_C(0x9a8b7c6d5e4f3021)

static uint64_t odd_entry(const struct trial *t)
{
    return t->machine->entry | (t->machine->aarch32 ? 2 : 1);
}

static uint64_t native_context(const struct trial *t)
{
    return t->machine->aarch32 ? CONTEXT & UINT32_MAX : CONTEXT;
}

/* 5.19: DENIED also if the platform cannot suspend now. */
static void skip_if_refused(struct trial *t, const struct event *e)
{
    if (e->kind == EVENT_RETURNED && code(e) == RET_DENIED) {
        skip(t, "the server's host does not let the system suspend");
    }
}

/* A return to the caller is a failure: Linux treats it as one, and may have lost its devices. */
static void resumes_by(struct trial *t, uint32_t cpu, uint64_t address, uint64_t context)
{
    interrupt_soon(t, cpu);
    const struct event *e = system_suspend(t, cpu, address, context);

    skip_if_refused(t, e);
    enters(t, e, address, context, "waking from SYSTEM_SUSPEND");
}

static void resumes(struct trial *t)
{
    resumes_by(t, boot(t), entry(t), native_context(t));
    stays(t, boot(t), "the CPU a second time");
    is_on(t, boot(t), "the CPU that resumed");
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        is_off(t, other(t, n), "another CPU after the system has resumed");
    }
}

static void resumes_32(struct trial *t)
{
    interrupt_soon(t, boot(t));
    const struct event *e = call(t, boot(t), GARBAGE | FID32(FN_SYSTEM_SUSPEND), GARBAGE | entry(t),
                                 GARBAGE | 0x31, GARBAGE);

    skip_if_refused(t, e);
    enters(t, e, entry(t), 0x31,
           "waking from an SMC32 SYSTEM_SUSPEND with garbage in upper halves");
}

static void pending(struct trial *t)
{
    interrupt(t, boot(t));
    const struct event *e = system_suspend(t, boot(t), entry_n(t, 1), 0x32);

    skip_if_refused(t, e);
    enters(t, e, entry_n(t, 1), 0x32, "SYSTEM_SUSPEND with an interrupt pending");
}

static void again(struct trial *t)
{
    for (uint32_t round = 0; round < 10; round++) {
        resumes_by(t, boot(t), entry_n(t, round), round);
        start(t, other(t, 0));
        stop(t, other(t, 0));
    }
}

static void from_secondary(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    stop(t, boot(t));
    resumes_by(t, cpu, entry(t), 0x33);
    returns_as(t, affinity_by(t, cpu, mpidr(t, boot(t)), 0), NUMBER_AFFINITY, AFFINITY_OFF,
               "the boot CPU after another has resumed");
    start_by(t, cpu, boot(t), 0x34);
}

/* The calling CPU must not matter. TF-A-Tests checks that too. */
static void from_each(struct trial *t)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        uint32_t cpu = other(t, n);

        start(t, cpu);
        stop(t, boot(t));
        resumes_by(t, cpu, entry_n(t, n), 0x3000 + n);
        start_by(t, cpu, boot(t), 0x34);
        stop(t, cpu);
    }
}

static void refused(struct trial *t, const char *what)
{
    interrupt_soon(t, boot(t));
    returns(t, system_suspend(t, boot(t), entry(t), 0), IS_DENIED, what);
    is_on(t, boot(t), "the caller, which was refused");
}

static void denied_others_on(struct trial *t)
{
    start(t, other(t, 0));
    refused(t, "SYSTEM_SUSPEND with another CPU on");
    is_on(t, other(t, 0), "the other CPU");
    stop(t, other(t, 0));
    resumes_by(t, boot(t), entry(t), 0x35);
}

static void denied_suspended(struct trial *t, bool powerdown)
{
    const struct machine_state *state = state_need(t, 0, powerdown);
    uint32_t cpu = started(t, 0);

    put_into(t, cpu, state, 0x36);
    refused(t, "SYSTEM_SUSPEND with another CPU in CPU_SUSPEND");
    wakes_from(t, cpu, state, entry(t), 0x36);
    stop(t, cpu);
}

static void denied_standby(struct trial *t)
{
    denied_suspended(t, false);
}

static void denied_powerdown(struct trial *t)
{
    denied_suspended(t, true);
}

static void denied_default_suspended(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    vanishes(t, does(t, cpu, FN_CPU_DEFAULT_SUSPEND, entry(t), 1), "CPU_DEFAULT_SUSPEND");
    refused(t, "SYSTEM_SUSPEND with another CPU in CPU_DEFAULT_SUSPEND");
}

static void denied_pending(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    returns(t, turn_on(t, cpu, entry(t), 0x37), IS_SUCCESS, "CPU_ON");
    refused(t, "SYSTEM_SUSPEND with another CPU told to start");
    comes(t, cpu, entry(t), 0x37, "the CPU that was told to start");
}

static void denied_each(struct trial *t)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        start(t, other(t, n));
        refused(t, "SYSTEM_SUSPEND with one other CPU on");
        stop(t, other(t, n));
    }
}

static void frozen_is_off(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    vanishes(t, call(t, cpu, FID32(FN_CPU_FREEZE), 0, 0, 0), "CPU_FREEZE");
    resumes_by(t, boot(t), entry(t), 0x38);
    is_off(t, cpu, "the frozen CPU");
}

static void bad_address(struct trial *t)
{
    interrupt_soon(t, boot(t));
    const struct event *e = system_suspend(t, boot(t), odd_entry(t), 0);

    returns(t, e, IS_INVALID_ADDRESS, "SYSTEM_SUSPEND with a misaligned entry point");
    if (t->machine->bad_entry != 0) {
        returns(t, system_suspend(t, boot(t), t->machine->bad_entry, 0), IS_INVALID_ADDRESS,
                "SYSTEM_SUSPEND with an entry point outside of memory");
    }
    is_on(t, boot(t), "the CPU");
    start(t, other(t, 0));
    stop(t, other(t, 0));
    resumes_by(t, boot(t), entry(t), 0x39);
}

static void which_error(struct trial *t)
{
    start(t, other(t, 0));
    const struct event *e = system_suspend(t, boot(t), odd_entry(t), 0);

    returns(t, e, IS_DENIED | IS_INVALID_ADDRESS,
            "SYSTEM_SUSPEND with another CPU on and a misaligned entry point");
    characteristic_code(t, "SYSTEM_SUSPEND with two errors", e);
}

/* What a refusal has to leave: the CPU runs on, others can be started, and it may be asked again.
 */
static void refusal_leaves_all(struct trial *t)
{
    const struct event *e;

    interrupt_soon(t, boot(t));
    e = system_suspend(t, boot(t), entry(t), 0x41);
    if (e->kind == EVENT_ENTERED) {
        skip(t, "the server's host lets the system suspend");
    }
    returns(t, e, IS_DENIED | IS_INTERNAL_FAILURE, "SYSTEM_SUSPEND that the host refuses");
    stays(t, boot(t), "the CPU, which runs on");
    is_on(t, boot(t), "the CPU");
    start_by(t, boot(t), other(t, 0), 0x42);
    stop(t, other(t, 0));
    returns(t, system_suspend(t, boot(t), entry(t), 0x43), IS_DENIED | IS_INTERNAL_FAILURE,
            "SYSTEM_SUSPEND once more");
}

/* No CPU gets the interrupts of a CPU that is off. */
static void not_woken_by_others(struct trial *t)
{
    const struct event *e = begin(t, boot(t), id(t, FN_SYSTEM_SUSPEND), entry(t), 0x44, 0);

    interrupt(t, other(t, 0));
    if (e->kind == EVENT_NONE) {
        e = await(t, boot(t));
    }
    skip_if_refused(t, e);
    vanishes(t, e, "a system that sleeps, with an interrupt for a CPU that is off");
    interrupt(t, boot(t));
    comes(t, boot(t), entry(t), 0x44, "waking from SYSTEM_SUSPEND");
    stays(t, other(t, 0), "the CPU that is off");
}

/* 5.19: the system sleeps until an interrupt wakes it. */
static void sleeps(struct trial *t)
{
    const struct event *e = system_suspend(t, boot(t), entry(t), 0x49);

    skip_if_refused(t, e);
    vanishes(t, e, "a system that sleeps, with nothing to wake it");
    interrupt(t, boot(t));
    comes(t, boot(t), entry(t), 0x49, "waking from SYSTEM_SUSPEND");
}

/* An interrupt is pending while the host has not yet answered. */
static void wake_while_deciding(struct trial *t)
{
    const struct event *e = begin(t, boot(t), id(t, FN_SYSTEM_SUSPEND), entry(t), 0x45, 0);

    interrupt(t, boot(t));
    if (e->kind == EVENT_NONE) {
        e = await(t, boot(t));
    }
    skip_if_refused(t, e);
    enters(t, e, entry(t), 0x45, "a wake while SYSTEM_SUSPEND begins");
}

static void not_old_entry(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    start_by(t, boot(t), cpu, 0x46);
    stop(t, boot(t));
    resumes_by(t, cpu, entry_n(t, 4), 0x47);
}

static void after_standby(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), state->value, 0, 0), IS_SUCCESS, "standby");
    resumes_by(t, boot(t), entry(t), 0x48);
    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), state->value, 0, 0), IS_SUCCESS, "standby afterwards");
}

#define SUSPEND HAS(FN_SYSTEM_SUSPEND)

static const struct scenario scenarios[] = {
    {.name = "system-suspend-resumes",
     .clause = "5.19 SYSTEM_SUSPEND",
     .consequence = "a guest that sleeps does not wake",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .run = resumes},
    {.name = "system-suspend-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "a CPU starts at an invalid address, depending on leftover bits in a register",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .run = resumes_32},
    {.name = "system-suspend-pending",
     .clause = "5.19 SYSTEM_SUSPEND, wake-up events",
     .consequence = "a CPU sleeps through an interrupt just before it",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .run = pending},
    {.name = "system-suspend-again-and-again",
     .clause = "5.19 SYSTEM_SUSPEND",
     .consequence = "a guest sleeps only once, or wakes where it woke the last time",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = again},
    {.name = "system-suspend-from-secondary",
     .clause = "5.19 SYSTEM_SUSPEND",
     .consequence = "the boot CPU resumes instead of the one that called, with no valid context",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .abilities = VIEW_HANDOVER,
     .cpus = 2,
     .run = from_secondary},
    {.name = "system-suspend-from-each",
     .clause = "5.19 SYSTEM_SUSPEND",
     .consequence = "whether a guest can sleep depends on the CPU that it uses",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .abilities = VIEW_HANDOVER,
     .cpus = 3,
     .run = from_each},
    {.name = "system-suspend-denied-others-on",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "memory changes under a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = denied_others_on},
    {.name = "system-suspend-denied-others-standby",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "CPUs run in a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = denied_standby},
    {.name = "system-suspend-denied-others-powerdown",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "CPUs run in a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = denied_powerdown},
    {.name = "system-suspend-denied-others-default-suspended",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "CPUs run in a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND | HAS(FN_CPU_DEFAULT_SUSPEND),
     .cpus = 2,
     .run = denied_default_suspended},
    {.name = "system-suspend-denied-others-pending",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "CPUs run in a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = denied_pending},
    {.name = "system-suspend-denied-each",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "memory changes under a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 3,
     .run = denied_each},
    {.name = "system-suspend-frozen-is-off",
     .clause = "5.19 SYSTEM_SUSPEND; CPU_FREEZE",
     .consequence = "a guest that freezes its CPUs cannot sleep",
     .since = V1_0,
     .needs = SUSPEND | HAS(FN_CPU_FREEZE),
     .cpus = 2,
     .run = frozen_is_off},
    {.name = "system-suspend-bad-address",
     .clause = "5.19 SYSTEM_SUSPEND, INVALID_ADDRESS",
     .consequence = "a mistake crashes the guest when it wakes",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = bad_address},
    {.name = "system-suspend-two-errors",
     .clause = "5.19 SYSTEM_SUSPEND, return codes",
     .consequence = "a mistake crashes the guest when it wakes",
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = which_error},
    {.name = "system-suspend-refusal-leaves-all",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "a guest whose sleep is refused is lost",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .cpus = 2,
     .run = refusal_leaves_all},
    {.name = "system-suspend-not-woken-by-others",
     .clause = "5.19 SYSTEM_SUSPEND, wake-up events",
     .consequence = "a CPU that is off wakes the guest, or runs itself",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .abilities = VIEW_OUTSIDE,
     .cpus = 2,
     .run = not_woken_by_others},
    {.name = "system-suspend-sleeps",
     .clause = "5.19 SYSTEM_SUSPEND, wake-up events",
     .consequence = "a guest that sleeps wakes at once, for no reason",
     .since = V1_0,
     .needs = SUSPEND,
     .abilities = VIEW_OUTSIDE,
     .run = sleeps},
    {.name = "system-suspend-wake-while-deciding",
     .clause = "5.19 SYSTEM_SUSPEND, wake-up events",
     .consequence = "a CPU sleeps through an interrupt just after the call",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .abilities = VIEW_OUTSIDE,
     .run = wake_while_deciding},
    {.name = "system-suspend-not-the-old-entry",
     .clause = "5.19 SYSTEM_SUSPEND, entry_point_address",
     .consequence = "a CPU that slept boots again",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = SUSPEND,
     .abilities = VIEW_HANDOVER,
     .cpus = 2,
     .run = not_old_entry},
    {.name = "system-suspend-and-standby",
     .clause = "5.19 SYSTEM_SUSPEND; 5.4 CPU_SUSPEND",
     .consequence = "a guest that has slept can no longer idle",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = SUSPEND,
     .run = after_standby},
};

const struct family system_suspend_family = {"system-suspend", scenarios, COUNT_OF(scenarios)};
