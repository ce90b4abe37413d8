/* SPDX-License-Identifier: BSD-2-Clause */
/* What a CPU is at an entry point, whichever of the four ways has led there: "Initial core
 * configuration" of DEN0022. */
#include "../engine/moves.h"
#include "families.h"

enum { CONTEXT = 0x66 };

static const struct event *make(struct trial *t, uint32_t cpu, bool big_endian, uint32_t function,
                                uint64_t a, uint64_t b, uint64_t c)
{
    return big_endian ? call_big_endian(t, cpu, id(t, function), a, b, c)
                      : call(t, cpu, id(t, function), a, b, c);
}

static const struct event *by_cpu_on(struct trial *t, bool big_endian)
{
    uint32_t cpu = other(t, 0);

    if (runs(t, cpu)) {
        stop(t, cpu);
    }
    returns(t, make(t, boot(t), big_endian, FN_CPU_ON, mpidr(t, cpu), entry(t), CONTEXT),
            IS_SUCCESS, "CPU_ON");
    return await(t, cpu);
}

/* CPU_SUSPEND into a powerdown state, or CPU_DEFAULT_SUSPEND. A server may do less (5.4). */
static const struct event *by_suspend(struct trial *t, uint32_t function, bool big_endian)
{
    uint32_t cpu = other(t, 0);
    uint64_t state = function == FN_CPU_SUSPEND ? state_need(t, 0, true)->value : 0;

    keep_on(t, cpu);
    if (function == FN_CPU_SUSPEND) {
        vanishes(t, make(t, cpu, big_endian, function, state, entry(t), CONTEXT), "CPU_SUSPEND");
    } else {
        vanishes(t, make(t, cpu, big_endian, function, entry(t), CONTEXT, 0),
                 "CPU_DEFAULT_SUSPEND");
    }
    interrupt(t, cpu);
    const struct event *e = await(t, cpu);

    if (e->kind == EVENT_RETURNED) {
        returns(t, e, IS_SUCCESS, "waking");
        skip(t, "the server lets the CPU stand by only");
    }
    return e;
}

static const struct event *by_system_suspend(struct trial *t, bool big_endian)
{
    interrupt_soon(t, boot(t));
    const struct event *e = make(t, boot(t), big_endian, FN_SYSTEM_SUSPEND, entry(t), CONTEXT, 0);

    if (e->kind == EVENT_RETURNED && code(e) == RET_DENIED) {
        skip(t, "the server's host does not let the system suspend");
    }
    return e;
}

static const struct event *arrive(struct trial *t, uint32_t function, bool big_endian)
{
    if (function == FN_CPU_ON) {
        return by_cpu_on(t, big_endian);
    }
    return function == FN_SYSTEM_SUSPEND ? by_system_suspend(t, big_endian)
                                         : by_suspend(t, function, big_endian);
}

static void arrives(struct trial *t, uint32_t function, bool big_endian)
{
    const struct event *e = arrive(t, function, big_endian);

    enters(t, e, entry(t), CONTEXT, "the CPU");
    if (t->over) {
        return;
    }
    expect(t, e->entry.big_endian == big_endian,
           big_endian ? "the caller is big-endian, the CPU at its entry is not"
                      : "the caller is little-endian, the CPU at its entry is not");
    expect(t, e->entry.aarch32 == t->machine->aarch32,
           "the CPU at its entry has not its caller's register width");
    expect(t, e->trouble == NULL, e->trouble);
}

static void by_both(struct trial *t, uint32_t function)
{
    arrives(t, function, true);
    arrives(t, function, false);
}

static void cpu_on_state(struct trial *t)
{
    arrives(t, FN_CPU_ON, false);
}

static void cpu_suspend_state(struct trial *t)
{
    arrives(t, FN_CPU_SUSPEND, false);
}

static void default_suspend_state(struct trial *t)
{
    arrives(t, FN_CPU_DEFAULT_SUSPEND, false);
}

static void system_suspend_state(struct trial *t)
{
    arrives(t, FN_SYSTEM_SUSPEND, false);
}

static void cpu_on_big(struct trial *t)
{
    by_both(t, FN_CPU_ON);
}

static void cpu_suspend_big(struct trial *t)
{
    by_both(t, FN_CPU_SUSPEND);
}

static void default_suspend_big(struct trial *t)
{
    by_both(t, FN_CPU_DEFAULT_SUSPEND);
}

static void system_suspend_big(struct trial *t)
{
    by_both(t, FN_SYSTEM_SUSPEND);
}

static void thumb(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    if (!t->machine->aarch32) {
        skip(t, "the guest is in AArch64 state");
    }
    returns(t, turn_on(t, cpu, entry(t) | 3, 6), IS_SUCCESS, "CPU_ON at a T32 address");
    const struct event *e = await(t, cpu);

    enters(t, e, entry(t) | 2, 6, "the CPU, with bit 0 cleared");
    expect(t, t->over || (e->entry.thumb && e->entry.aarch32),
           "the CPU does not start in T32 state");
    stop(t, cpu);
    returns(t, turn_on(t, cpu, entry(t), 6), IS_SUCCESS, "CPU_ON at an A32 address");
    e = await(t, cpu);
    expect(t, t->over || (!e->entry.thumb && e->entry.aarch32),
           "the CPU does not start in A32 state");
}

#define STATE_CLAUSE  "Initial core configuration"
#define ENDIAN_CLAUSE "Initial core configuration, endianness"
#define UNPREPARED    "the CPU takes an exception before it has vectors"

static const struct scenario scenarios[] = {
    {.name = "cpu-on-register-width",
     .clause = "Initial core configuration, register width",
     .consequence = "CPUs of a 32-bit guest execute nonsense",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = cpu_on_state},
    {.name = "cpu-on-t32",
     .clause = "Initial core configuration, T32",
     .consequence = "CPUs of a Thumb guest execute nonsense",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = thumb},
    {.name = "cpu-on-entry-state",
     .clause = STATE_CLAUSE,
     .consequence = UNPREPARED,
     .severity = SEVERITY_LOST_CPU,
     .abilities = VIEW_ENTRY_STATE,
     .cpus = 2,
     .run = cpu_on_state},
    {.name = "cpu-suspend-entry-state",
     .clause = STATE_CLAUSE,
     .consequence = UNPREPARED,
     .severity = SEVERITY_LOST_CPU,
     .abilities = VIEW_ENTRY_STATE,
     .cpus = 2,
     .run = cpu_suspend_state},
    {.name = "cpu-default-suspend-entry-state",
     .clause = STATE_CLAUSE,
     .consequence = UNPREPARED,
     .severity = SEVERITY_LOST_CPU,
     .since = V1_0,
     .needs = HAS(FN_CPU_DEFAULT_SUSPEND),
     .abilities = VIEW_ENTRY_STATE,
     .cpus = 2,
     .run = default_suspend_state},
    {.name = "system-suspend-entry-state",
     .clause = STATE_CLAUSE,
     .consequence = UNPREPARED,
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .abilities = VIEW_ENTRY_STATE,
     .run = system_suspend_state},
    {.name = "cpu-on-big-endian",
     .clause = ENDIAN_CLAUSE,
     .consequence = "a big-endian guest's CPU crashes when it starts",
     .severity = SEVERITY_LOST_CPU,
     .abilities = VIEW_BIG_ENDIAN,
     .cpus = 2,
     .run = cpu_on_big},
    {.name = "cpu-suspend-big-endian",
     .clause = ENDIAN_CLAUSE,
     .consequence = "a big-endian guest's CPU crashes when it wakes",
     .severity = SEVERITY_LOST_CPU,
     .abilities = VIEW_BIG_ENDIAN,
     .cpus = 2,
     .run = cpu_suspend_big},
    {.name = "cpu-default-suspend-big-endian",
     .clause = ENDIAN_CLAUSE,
     .consequence = "a big-endian guest's CPU crashes when it wakes",
     .severity = SEVERITY_LOST_CPU,
     .since = V1_0,
     .needs = HAS(FN_CPU_DEFAULT_SUSPEND),
     .abilities = VIEW_BIG_ENDIAN,
     .cpus = 2,
     .run = default_suspend_big},
    {.name = "system-suspend-big-endian",
     .clause = ENDIAN_CLAUSE,
     .consequence = "a big-endian guest crashes when it wakes",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .abilities = VIEW_BIG_ENDIAN,
     .run = system_suspend_big},
};

const struct family entry_family = {"entry", scenarios, COUNT_OF(scenarios)};
