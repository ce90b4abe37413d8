/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_OFF and CPU_FREEZE. */
#include "../engine/moves.h"
#include "families.h"

static void goes(struct trial *t, uint32_t function, uint64_t argument)
{
    uint32_t cpu = started(t, 0);

    vanishes(t, call(t, cpu, id(t, function), argument, argument, argument), "the call");
    is_off(t, cpu, "the CPU after it");
    is_on(t, boot(t), "another CPU after it");
}

static void does_not_return(struct trial *t)
{
    goes(t, FN_CPU_OFF, 0);
}

/* In PSCI 0.1 it had an argument, and Linux still passes it. */
static void ignores_arguments(struct trial *t)
{
    goes(t, FN_CPU_OFF, UINT64_MAX);
    start(t, other(t, 0));
}

static void not_woken(struct trial *t, uint32_t function)
{
    uint32_t cpu = other(t, 0);

    goes(t, function, 0);
    interrupt(t, cpu);
    stays(t, cpu, "an interrupt for the CPU that is off");
    is_off(t, cpu, "the CPU after an interrupt");
    start_by(t, boot(t), cpu, 0x61);
}

static void not_woken_by_interrupt(struct trial *t)
{
    not_woken(t, FN_CPU_OFF);
}

static void not_by_pending_interrupt(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    interrupt(t, cpu);
    vanishes(t, cpu_off(t, cpu), "CPU_OFF with an interrupt pending");
    stays(t, cpu, "the CPU, which had an interrupt pending");
    is_off(t, cpu, "the CPU");
}

static void all_but_one(struct trial *t)
{
    start_all(t);
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        stop(t, other(t, n));
        is_off(t, other(t, n), "a CPU after CPU_OFF");
    }
    is_on(t, boot(t), "the CPU that remains");
}

/* 5.5: if a Trusted OS is on the CPU and cannot move, CPU_OFF returns DENIED and the CPU stays on. */
static void denied_stays_on(struct trial *t)
{
    uint32_t asker = other(t, 0);
    const struct event *e = ask(t, id(t, FN_MIGRATE_INFO_UP_CPU), 0, 0);

    if (e->x0 != mpidr(t, boot(t))) {
        skip(t, "the Trusted OS is not on the boot CPU");
    }
    start(t, asker);
    returns(t, cpu_off(t, boot(t)), IS_DENIED, "CPU_OFF of the CPU with the Trusted OS");
    returns_as(t, affinity_by(t, asker, mpidr(t, boot(t)), 0), NUMBER_AFFINITY, AFFINITY_ON,
               "the CPU that was denied");
    returns(t, cpu_on(t, asker, mpidr(t, boot(t)), entry(t), 0), IS_ALREADY_ON,
            "CPU_ON of the CPU that was denied");
    stop(t, asker);
    is_off(t, asker, "another CPU");
}

/* 5.5 does not forbid it. A guest that does it wants to stop for ever; some servers refuse. */
static void last(struct trial *t)
{
    const struct event *e = cpu_off(t, boot(t));

    expect(t, e->kind == EVENT_NONE || code(e) == RET_DENIED,
           "CPU_OFF of the last CPU neither takes effect nor is denied");
    characteristic_code(t, "CPU_OFF of the last CPU", e);
}

static void freeze(struct trial *t)
{
    not_woken(t, FN_CPU_FREEZE);
}

static const struct scenario scenarios[] = {
    {.name = "cpu-off-does-not-return",
     .clause = "5.5 CPU_OFF",
     .consequence =
         "a CPU that was turned off continues to run, in memory that is no longer its own",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = does_not_return},
    {.name = "cpu-off-ignores-arguments",
     .clause = "5.5 CPU_OFF",
     .consequence = "a guest that passes an argument as in 0.1 cannot turn CPUs off",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = ignores_arguments},
    {.name = "cpu-off-not-woken-by-interrupt",
     .clause = "5.5 CPU_OFF",
     .consequence =
         "a CPU that was turned off continues to run, in memory that is no longer its own",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = not_woken_by_interrupt},
    {.name = "cpu-off-with-pending-interrupt",
     .clause = "5.5 CPU_OFF",
     .consequence = "a CPU returns from CPU_OFF, which no guest expects",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = not_by_pending_interrupt},
    {.name = "cpu-off-all-but-one",
     .clause = "5.5 CPU_OFF",
     .consequence = "the guest cannot go down to one CPU, and so cannot suspend",
     .severity = SEVERITY_HANG,
     .cpus = 2,
     .run = all_but_one},
    {.name = "cpu-off-denied-stays-on",
     .clause = "5.5 CPU_OFF, DENIED",
     .consequence = "a CPU runs that the guest is told is off",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .needs = HAS(FN_MIGRATE_INFO_UP_CPU),
     .abilities = VIEW_HANDOVER,
     .cpus = 2,
     .run = denied_stays_on},
    {.name = "cpu-off-of-last",
     .clause = "5.5 CPU_OFF",
     .consequence = "the guest continues where it does not expect to",
     .abilities = VIEW_EXPENDABLE | VIEW_OUTSIDE,
     .run = last},
    {.name = "cpu-freeze",
     .clause = "CPU_FREEZE",
     .consequence = "a frozen CPU runs again, or never",
     .severity = SEVERITY_LOST_CPU,
     .since = V1_0,
     .needs = HAS(FN_CPU_FREEZE),
     .cpus = 2,
     .run = freeze},
};

const struct family cpu_off_family = {"cpu-off", scenarios, COUNT_OF(scenarios)};
