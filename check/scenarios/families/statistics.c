/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI_STAT_RESIDENCY and PSCI_STAT_COUNT. */
#include "../engine/moves.h"
#include "families.h"

static uint64_t stat(struct trial *t, uint32_t function, uint64_t target, uint64_t state)
{
    const struct event *e = ask(t, id(t, function), target, state);

    comes_back(t, e, "statistics");
    return t->machine->aarch32 ? (uint32_t)e->x0 : e->x0;
}

static uint64_t count_of(struct trial *t, uint32_t cpu, const struct machine_state *state)
{
    return stat(t, FN_STAT_COUNT, mpidr(t, cpu), state->value);
}

static uint64_t residency_of(struct trial *t, uint32_t cpu, const struct machine_state *state)
{
    return stat(t, FN_STAT_RESIDENCY, mpidr(t, cpu), state->value);
}

static void zero_at_start(struct trial *t)
{
    for (uint32_t i = 0; i < t->machine->state_count; i++) {
        expect_equal(t, count_of(t, boot(t), &t->machine->states[i]), 0,
                     "PSCI_STAT_COUNT of a CPU that never slept");
        expect_equal(t, residency_of(t, boot(t), &t->machine->states[i]), 0,
                     "PSCI_STAT_RESIDENCY of a CPU that never slept");
    }
}

static void sleep_for(struct trial *t, uint32_t cpu, const struct machine_state *state,
                      uint64_t microseconds)
{
    put_into(t, cpu, state, 1);
    if ((t->machine->abilities & VIEW_TIME) != 0) {
        pass_time(t, microseconds);
    }
    wakes_from(t, cpu, state, entry(t), 1);
}

static void counts(struct trial *t, bool powerdown)
{
    const struct machine_state *state = state_need(t, 0, powerdown);
    const struct machine_state *rest = state_find(t, 0, !powerdown);
    uint32_t cpu = started(t, 0);

    uint64_t before = count_of(t, cpu, state);
    uint64_t rest_before = rest != NULL ? count_of(t, cpu, rest) : 0;

    for (int i = 0; i < 3; i++) {
        sleep_for(t, cpu, state, 10);
    }
    expect_equal(t, count_of(t, cpu, state), before + 3, "PSCI_STAT_COUNT after three times");
    if (rest != NULL) {
        expect_equal(t, count_of(t, cpu, rest), rest_before, "PSCI_STAT_COUNT of another state");
    }
}

static void counts_standby(struct trial *t)
{
    counts(t, false);
}

static void counts_powerdown(struct trial *t)
{
    counts(t, true);
}

static void residency(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);
    uint32_t cpu = started(t, 0);

    uint64_t before = residency_of(t, cpu, state);
    uint64_t began = now(t);

    sleep_for(t, cpu, state, 1500);
    sleep_for(t, cpu, state, 2500);
    uint64_t after = residency_of(t, cpu, state);
    uint64_t most = 2 * (now(t) - began) + 1000;

    expect(t, t->over || (after - before >= 4000 && after - before <= most),
           "PSCI_STAT_RESIDENCY is not about the 4000 microseconds that the CPU slept");
    pass_time(t, 5000);
    expect_equal(t, residency_of(t, cpu, state), after, "PSCI_STAT_RESIDENCY of a CPU that runs");
}

static void refused_does_not_count(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint64_t odd = t->machine->entry | (t->machine->aarch32 ? 2 : 1);
    uint64_t before = count_of(t, boot(t), state);

    interrupt_soon(t, boot(t));
    const struct event *e = suspend(t, boot(t), state->value, odd, 0);

    if (code(e) == RET_SUCCESS) {
        skip(t, "the server does not look at entry points");
    }
    expect_equal(t, count_of(t, boot(t), state), before,
                 "PSCI_STAT_COUNT after a refused CPU_SUSPEND");
}

static void each_cpu(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);
    uint64_t mine = count_of(t, boot(t), state);
    uint64_t its = count_of(t, other(t, 0), state);

    start(t, other(t, 0));
    sleep_for(t, other(t, 0), state, 10);
    expect_equal(t, count_of(t, boot(t), state), mine, "PSCI_STAT_COUNT of another CPU");
    expect_equal(t, count_of(t, other(t, 0), state), its + 1,
                 "PSCI_STAT_COUNT of the CPU that slept");
}

/* There are no error codes: an unknown state has statistics of zero. */
static void nonsense(struct trial *t)
{
    uint64_t state = t->machine->state_count > 0 ? t->machine->states[0].value : 0;
    uint32_t functions[] = {FN_STAT_COUNT, FN_STAT_RESIDENCY};

    for (uint32_t i = 0; i < COUNT_OF(functions); i++) {
        expect_equal(t, stat(t, functions[i], absent_mpidr(t, boot(t), 0), state), 0,
                     "statistics of a CPU that does not exist");
        expect_equal(t, stat(t, functions[i], mpidr(t, boot(t)) | UINT64_C(1) << 24, state), 0,
                     "statistics of a CPU with a reserved bit in its name");
        expect_equal(t, stat(t, functions[i], mpidr(t, boot(t)), UINT32_MAX), 0,
                     "statistics of a state that does not exist");
    }
}

static void upper_halves(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);
    uint32_t cpu = started(t, 0);

    sleep_for(t, cpu, state, 10);
    uint64_t count = count_of(t, cpu, state);

    expect(t, t->over || count > 0, "PSCI_STAT_COUNT is 0 for a CPU that has slept");
    returns_number(t,
                   call(t, boot(t), FID32(FN_STAT_COUNT), GARBAGE | mpidr(t, cpu),
                        GARBAGE | state->value, GARBAGE),
                   (uint32_t)count, "SMC32 PSCI_STAT_COUNT with garbage in the upper halves");
    expect_equal(t, stat(t, FN_STAT_COUNT, mpidr(t, cpu), GARBAGE | state->value), count,
                 "PSCI_STAT_COUNT with garbage in the upper half of power_state");
}

/* A domain goes down with the last core in it, and only then. */
static void cluster(struct trial *t)
{
    const struct machine_state *state = state_need(t, 1, true);
    uint32_t a = stranger(t, 1, boot(t));
    uint32_t b = sibling(t, 1, a);

    if (t->over) {
        return;
    }
    start(t, a);
    start(t, b);
    uint64_t before = count_of(t, a, state);

    sleep_for(t, a, state, 10);
    expect_equal(t, count_of(t, a, state), before,
                 "PSCI_STAT_COUNT of a cluster of which a CPU runs");
    put_into(t, b, state, 2);
    put_into(t, a, state, 3);
    expect_equal(t, count_of(t, b, state), before + 1, "PSCI_STAT_COUNT of a cluster that is down");
    wakes_from(t, a, state, entry(t), 3);
    wakes_from(t, b, state, entry(t), 2);
    expect_equal(t, count_of(t, a, state), before + 1, "PSCI_STAT_COUNT of a cluster that is up");
}

static void cpu_off_counts(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint32_t cpu = started(t, 0);

    uint64_t before = count_of(t, cpu, state);

    stop(t, cpu);
    start(t, cpu);
    uint64_t after = count_of(t, cpu, state);

    expect(t, after == before || after == before + 1,
           "PSCI_STAT_COUNT after one CPU_OFF is neither what it was nor one more");
    characteristic(t, "CPU_OFF in statistics", after == before ? "does not count" : "counts");
}

/* Statistics of a level count the local states of that level. */
static uint64_t count_of_level(struct trial *t, uint32_t level)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < t->machine->state_count; i++) {
        const struct machine_state *state = &t->machine->states[i];

        sum += state->level == level ? count_of(t, boot(t), state) : 0;
    }
    return sum;
}

/* A sleep counts once at every level, or not at all. */
static void system_suspend_counts(struct trial *t)
{
    uint64_t before[4];
    bool counts = false;

    for (uint32_t level = 0; level < 4; level++) {
        before[level] = count_of_level(t, level);
    }
    interrupt_soon(t, boot(t));
    const struct event *e = system_suspend(t, boot(t), entry(t), 1);

    if (e->kind == EVENT_RETURNED && code(e) == RET_DENIED) {
        skip(t, "the server's host does not let the system suspend");
    }
    enters(t, e, entry(t), 1, "waking from SYSTEM_SUSPEND");
    for (uint32_t level = 0; level < 4; level++) {
        uint64_t more = count_of_level(t, level) - before[level];

        counts = counts || more == 1;
        expect(t, more <= 1, "PSCI_STAT_COUNT of a level grows by more than one in SYSTEM_SUSPEND");
    }
    characteristic(t, "SYSTEM_SUSPEND in statistics", counts ? "counts" : "does not count");
}

/* The sum of all states: as many sleeps as there were, and no more time than has passed. */
static void adds_up(struct trial *t)
{
    const struct machine_state *states[] = {state_need(t, 0, false), state_need(t, 0, true)};
    uint32_t cpu = started(t, 0);
    uint64_t counts_before = count_of(t, cpu, states[0]) + count_of(t, cpu, states[1]);
    uint64_t time_before = residency_of(t, cpu, states[0]) + residency_of(t, cpu, states[1]);
    uint64_t began = now(t);

    for (uint64_t i = 0; i < 6; i++) {
        sleep_for(t, cpu, states[i % 2], 100 * (i + 1));
        pass_time(t, 50);
    }
    expect_equal(t, count_of(t, cpu, states[0]) + count_of(t, cpu, states[1]), counts_before + 6,
                 "PSCI_STAT_COUNT of two states, after six sleeps");
    uint64_t slept =
        residency_of(t, cpu, states[0]) + residency_of(t, cpu, states[1]) - time_before;

    expect(t, t->over || (slept >= 2100 && slept <= 2 * (now(t) - began) + 1000),
           "PSCI_STAT_RESIDENCY of two states does not add up to the 2100 microseconds slept");
}

static void zero_after_reset(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), state->value, 0, 0), IS_SUCCESS, "CPU_SUSPEND");
    vanishes(t, ask(t, FID32(FN_SYSTEM_RESET), 0, 0), "SYSTEM_RESET");
    expect_end(t, END_RESET, "SYSTEM_RESET");
    restart(t);
    expect_equal(t, count_of(t, boot(t), state), 0, "PSCI_STAT_COUNT after a reset");
}

#define STAT   (HAS(FN_STAT_COUNT) | HAS(FN_STAT_RESIDENCY))
#define MISLED "the guest's idle governor is misled"

static const struct scenario scenarios[] = {
    {.name = "stat-zero-at-start",
     .clause = "PSCI_STAT_RESIDENCY, PSCI_STAT_COUNT",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .abilities = VIEW_FRESH,
     .run = zero_at_start},
    {.name = "stat-count-standby",
     .clause = "PSCI_STAT_COUNT",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .cpus = 2,
     .run = counts_standby},
    {.name = "stat-count-powerdown",
     .clause = "PSCI_STAT_COUNT",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .cpus = 2,
     .run = counts_powerdown},
    {.name = "stat-residency",
     .clause = "PSCI_STAT_RESIDENCY",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .abilities = VIEW_TIME,
     .cpus = 2,
     .run = residency},
    {.name = "stat-refused-does-not-count",
     .clause = "PSCI_STAT_COUNT",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .run = refused_does_not_count},
    {.name = "stat-each-cpu",
     .clause = "PSCI_STAT_COUNT, target_cpu",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .cpus = 2,
     .run = each_cpu},
    {.name = "stat-nonsense-is-zero",
     .clause = "PSCI_STAT_RESIDENCY, PSCI_STAT_COUNT, return values",
     .consequence = "an error code is taken for a number of microseconds",
     .since = V1_0,
     .needs = STAT,
     .run = nonsense},
    {.name = "stat-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .cpus = 2,
     .run = upper_halves},
    {.name = "stat-cluster",
     .clause = "PSCI_STAT_COUNT, power domains",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .cpus = 4,
     .run = cluster},
    {.name = "stat-cpu-off",
     .clause = "PSCI_STAT_COUNT",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .cpus = 2,
     .run = cpu_off_counts},
    {.name = "stat-system-suspend",
     .clause = "PSCI_STAT_COUNT",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT | HAS(FN_SYSTEM_SUSPEND),
     .run = system_suspend_counts},
    {.name = "stat-adds-up",
     .clause = "PSCI_STAT_RESIDENCY, PSCI_STAT_COUNT",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .abilities = VIEW_TIME,
     .cpus = 2,
     .run = adds_up},
    {.name = "stat-zero-after-reset",
     .clause = "PSCI_STAT_COUNT, cold boot",
     .consequence = MISLED,
     .since = V1_0,
     .needs = STAT,
     .abilities = VIEW_END | VIEW_RESTART | VIEW_FRESH,
     .run = zero_after_reset},
};

const struct family statistics_family = {"statistics", scenarios, COUNT_OF(scenarios)};
