/* SPDX-License-Identifier: BSD-2-Clause */
/* The same over and over, with other arguments each time: what is left over of one round shows in
 * another. */
#include "../engine/moves.h"
#include "families.h"

enum { ON_OFF_ROUNDS = 10000, SUSPEND_ROUNDS = 1000, ALL_ROUNDS = 200 };

/* A different value each round, in all bits that the guest has. */
static uint64_t context_of(const struct trial *t)
{
    uint64_t context = t->rounds * UINT64_C(0x9e3779b97f4a7c15);

    return t->machine->aarch32 ? context & UINT32_MAX : context;
}

static void on_off_round(struct trial *t, void *context)
{
    uint32_t cpu = other(t, t->rounds % (cpu_count(t) - 1));
    uint64_t address = entry_n(t, t->rounds);

    (void)context;
    returns(t, turn_on(t, cpu, address, context_of(t)), IS_SUCCESS, "CPU_ON of a CPU that is off");
    comes(t, cpu, address, context_of(t), "the CPU");
    stop(t, cpu);
}

static void on_off(struct trial *t)
{
    in_rounds(t, ON_OFF_ROUNDS, on_off_round, NULL);
}

static void all_round(struct trial *t, void *context)
{
    uint64_t value = context_of(t);

    (void)context;
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        returns(t, turn_on(t, other(t, n), entry_n(t, n), value ^ n), IS_SUCCESS,
                "CPU_ON of a CPU that is off");
    }
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        comes(t, other(t, n), entry_n(t, n), value ^ n, "the CPU");
    }
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        stop(t, other(t, n));
    }
}

static void all(struct trial *t)
{
    in_rounds(t, ALL_ROUNDS, all_round, NULL);
}

static void suspend_round(struct trial *t, void *context)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint32_t cpu = other(t, 0);

    (void)context;
    keep_on(t, cpu);
    interrupt(t, cpu);
    const struct event *e = suspend(t, cpu, state->value, entry_n(t, t->rounds), context_of(t));

    if (e->kind == EVENT_ENTERED) {
        enters(t, e, entry_n(t, t->rounds), context_of(t), "powerdown with an interrupt pending");
    } else {
        returns(t, e, IS_SUCCESS, "powerdown with an interrupt pending");
    }
}

static void cpu_suspend(struct trial *t)
{
    in_rounds(t, SUSPEND_ROUNDS, suspend_round, NULL);
}

static void system_round(struct trial *t, void *context)
{
    (void)context;
    interrupt(t, boot(t));
    const struct event *e = system_suspend(t, boot(t), entry_n(t, t->rounds), context_of(t));

    if (e->kind == EVENT_RETURNED && code(e) == RET_DENIED && t->rounds == 1) {
        skip(t, "the server's host does not let the system suspend");
    }
    enters(t, e, entry_n(t, t->rounds), context_of(t), "SYSTEM_SUSPEND with an interrupt pending");
}

static void suspend_system(struct trial *t)
{
    in_rounds(t, SUSPEND_ROUNDS, system_round, NULL);
}

static const struct scenario scenarios[] = {
    {.name = "churn-cpu-on-off",
     .clause = "5.6 CPU_ON; 5.5 CPU_OFF",
     .consequence = "a CPU that was turned off does not come back, or with an old context",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = on_off},
    {.name = "churn-all-cpus",
     .clause = "5.6 CPU_ON; 5.5 CPU_OFF",
     .consequence = "CPUs that are started together get one another's entry points",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 3,
     .run = all},
    {.name = "churn-cpu-suspend",
     .clause = "5.4 CPU_SUSPEND",
     .consequence = "a CPU wakes at an earlier address, or not at all",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = cpu_suspend},
    {.name = "churn-system-suspend",
     .clause = "5.19 SYSTEM_SUSPEND",
     .consequence = "a guest that sleeps often does not wake one day",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .run = suspend_system},
};

const struct family churn_family = {"churn", scenarios, COUNT_OF(scenarios)};
