/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls by several CPUs at the same moment. Each scenario runs RACE_ROUNDS times: what fails in one
 * of them has failed. */
#include "families.h"
#include "script.h"

/* More callers than this meet no more often. */
enum { TEAM_MAX = 8 };

struct team {
    struct team_call calls[TEAM_MAX];
    uint32_t count;
};

static void add(struct team *team, struct team_call call)
{
    if (team->count < TEAM_MAX) {
        team->calls[team->count++] = call;
    }
}

/* Everybody on, but for the last CPU. */
static uint32_t start_all_but_last(struct trial *t)
{
    uint32_t count = cpu_count(t) - 2;

    for (uint32_t n = 0; n < count && n < TEAM_MAX - 1; n++) {
        start(t, other(t, n));
    }
    return other(t, count);
}

static uint32_t successes(const struct team *team)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < team->count; i++) {
        count += team->calls[i].event.kind == EVENT_RETURNED &&
                 code(&team->calls[i].event) == RET_SUCCESS;
    }
    return count;
}

static uint32_t winner(const struct team *team)
{
    uint32_t i = 0;

    while (i + 1 < team->count && (team->calls[i].event.kind != EVENT_RETURNED ||
                                   code(&team->calls[i].event) != RET_SUCCESS)) {
        i++;
    }
    return i;
}

/* All of the CPUs that are on call CPU_ON of `target`, each with its own address and context. */
static void everyone_calls_cpu_on(struct trial *t, struct team *team, uint32_t target)
{
    *team = (struct team){.count = 0};
    add(team, of(t, boot(t), id(t, FN_CPU_ON), mpidr(t, target), entry_n(t, 0), 0x900));
    for (uint32_t n = 0; n + 2 < cpu_count(t); n++) {
        add(team,
            of(t, other(t, n), id(t, FN_CPU_ON), mpidr(t, target), entry_n(t, n + 1), 0x901 + n));
    }
    together(t, team->calls, team->count);
}

static void one_success(struct trial *t)
{
    uint32_t target = start_all_but_last(t);
    struct team team;

    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        everyone_calls_cpu_on(t, &team, target);
        for (uint32_t i = 0; i < team.count; i++) {
            returns(t, &team.calls[i].event, IS_SUCCESS | IS_ALREADY_ON | IS_ON_PENDING,
                    "CPU_ON in a race");
        }
        expect_equal(t, successes(&team), 1, "how many of the callers were told SUCCESS");
        expect(t, await(t, target)->kind == EVENT_ENTERED, "the CPU has not started");
        stop(t, target);
    }
}

static void winners_entry(struct trial *t)
{
    uint32_t target = start_all_but_last(t);
    struct team team;

    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        everyone_calls_cpu_on(t, &team, target);
        uint32_t i = winner(&team);

        enters(t, await(t, target), entry_n(t, i), 0x900 + i,
               "the CPU, with the entry point and the context of the caller that got SUCCESS");
        vanishes(t, await(t, target), "the CPU a second time");
        stop(t, target);
    }
}

static void two_targets(struct trial *t)
{
    uint32_t caller = other(t, 0);
    uint32_t a = other(t, 1);
    uint32_t b = other(t, 2);
    struct team team;

    start(t, caller);
    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        team = (struct team){.count = 0};
        add(&team, of(t, boot(t), id(t, FN_CPU_ON), mpidr(t, a), entry_n(t, 1), 0xa));
        add(&team, of(t, caller, id(t, FN_CPU_ON), mpidr(t, b), entry_n(t, 2), 0xb));
        together(t, team.calls, team.count);
        expect_equal(t, successes(&team), 2, "how many of two CPU_ON of two CPUs were accepted");
        enters(t, await(t, a), entry_n(t, 1), 0xa, "the one CPU");
        enters(t, await(t, b), entry_n(t, 2), 0xb, "the other CPU");
        stop(t, a);
        stop(t, b);
    }
}

/* CPU_ON of a CPU that is just calling CPU_OFF: it is still on, or it comes back. */
static void on_against_off(struct trial *t)
{
    uint32_t cpu = other(t, 0);
    struct team team;

    start(t, cpu);
    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        team = (struct team){.count = 0};
        add(&team, of(t, cpu, id(t, FN_CPU_OFF), 0, 0, 0));
        add(&team, of(t, boot(t), id(t, FN_CPU_ON), mpidr(t, cpu), entry_n(t, 1), 0xc));
        together(t, team.calls, team.count);
        const struct event *off = &team.calls[0].event;
        const struct event *on = &team.calls[1].event;

        returns(t, on, IS_SUCCESS | IS_ALREADY_ON, "CPU_ON of a CPU that is going off");
        if (t->over || code(on) == RET_SUCCESS) {
            enters(t, off->kind == EVENT_NONE ? await(t, cpu) : off, entry_n(t, 1), 0xc,
                   "the CPU that was turned on again");
        } else {
            vanishes(t, off, "CPU_OFF");
            start(t, cpu);
        }
    }
}

static void all_off(struct trial *t)
{
    struct team team;

    for (int round = 0; round < RACE_ROUNDS / 4 && !t->over; round++) {
        team = (struct team){.count = 0};
        for (uint32_t n = 0; n + 1 < cpu_count(t) && n < TEAM_MAX; n++) {
            start(t, other(t, n));
            add(&team, of(t, other(t, n), id(t, FN_CPU_OFF), 0, 0, 0));
        }
        together(t, team.calls, team.count);
        for (uint32_t i = 0; i < team.count; i++) {
            vanishes(t, &team.calls[i].event, "CPU_OFF");
            is_off(t, team.calls[i].cpu, "a CPU after CPU_OFF");
        }
    }
    if (!t->over && offers(t, FN_SYSTEM_SUSPEND)) {
        interrupt_soon(t, boot(t));
        const struct event *e = system_suspend(t, boot(t), entry(t), 1);

        characteristic_code(t, "SYSTEM_SUSPEND after a race of CPU_OFF", e);
    }
}

/* Whoever is alone may sleep: then everybody else really is off. */
static void suspend_against_off(struct trial *t)
{
    uint32_t cpu = other(t, 0);
    struct team team;

    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        start(t, cpu);
        interrupt_soon(t, boot(t));
        team = (struct team){.count = 0};
        add(&team, of(t, boot(t), id(t, FN_SYSTEM_SUSPEND), entry_n(t, 3), 0xd, 0));
        add(&team, of(t, cpu, id(t, FN_CPU_OFF), 0, 0, 0));
        together(t, team.calls, team.count);
        if (team.calls[0].event.kind == EVENT_ENTERED) {
            enters(t, &team.calls[0].event, entry_n(t, 3), 0xd, "waking from SYSTEM_SUSPEND");
        } else {
            returns(t, &team.calls[0].event, IS_DENIED, "SYSTEM_SUSPEND while another goes off");
        }
        vanishes(t, &team.calls[1].event, "CPU_OFF");
        is_off(t, cpu, "the other CPU");
    }
}

static void suspend_against_on(struct trial *t)
{
    uint32_t caller = other(t, 0);
    uint32_t target = other(t, 1);
    struct team team;

    start(t, caller);
    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        interrupt_soon(t, boot(t));
        team = (struct team){.count = 0};
        add(&team, of(t, boot(t), id(t, FN_SYSTEM_SUSPEND), entry(t), 1, 0));
        add(&team, of(t, caller, id(t, FN_CPU_ON), mpidr(t, target), entry(t), 2));
        together(t, team.calls, team.count);
        returns(t, &team.calls[0].event, IS_DENIED, "SYSTEM_SUSPEND while another calls CPU_ON");
        returns(t, &team.calls[1].event, IS_SUCCESS, "CPU_ON while another calls SYSTEM_SUSPEND");
        enters(t, await(t, target), entry(t), 2, "the CPU");
        stop(t, target);
    }
}

static void all_suspend(struct trial *t)
{
    struct team team;

    for (uint32_t n = 0; n + 1 < cpu_count(t) && n < TEAM_MAX; n++) {
        start(t, other(t, n));
    }
    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        team = (struct team){.count = 0};
        for (uint32_t n = 0; n + 1 < cpu_count(t) && n < TEAM_MAX; n++) {
            interrupt_soon(t, other(t, n));
            add(&team, of(t, other(t, n), id(t, FN_SYSTEM_SUSPEND), entry(t), n, 0));
        }
        together(t, team.calls, team.count);
        for (uint32_t i = 0; i < team.count; i++) {
            returns(t, &team.calls[i].event, IS_DENIED, "SYSTEM_SUSPEND by all CPUs at once");
        }
    }
}

/* In OS-initiated mode only the last of a cluster may take it down, whoever comes first. */
static void last_man(struct trial *t)
{
    const struct machine_state *state = state_need(t, 1, true);
    uint32_t a = stranger(t, 1, boot(t));
    uint32_t b = t->over ? a : sibling(t, 1, a);
    struct team team;

    if (t->over) {
        return;
    }
    start(t, a);
    start(t, b);
    to_os_mode(t);
    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        team = (struct team){.count = 0};
        add(&team, of(t, a, id(t, FN_CPU_SUSPEND), state->value, entry(t), 0xa));
        add(&team, of(t, b, id(t, FN_CPU_SUSPEND), state->value, entry(t), 0xb));
        together(t, team.calls, team.count);
        for (uint32_t i = 0; i < team.count; i++) {
            returns(t, &team.calls[i].event, IS_DENIED,
                    "a cluster state by two CPUs at once, neither of them the last");
        }
    }
}

static void one_enables(struct trial *t)
{
    struct team team;

    for (uint32_t n = 0; n + 1 < cpu_count(t) && n < TEAM_MAX; n++) {
        start(t, other(t, n));
    }
    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        uint32_t zeros = 0;

        comes_back(t, call(t, boot(t), FID32(FN_MEM_PROTECT), 0, 0, 0), "MEM_PROTECT(0)");
        team = (struct team){.count = 0};
        for (uint32_t n = 0; n + 1 < cpu_count(t) && n < TEAM_MAX; n++) {
            add(&team, of(t, other(t, n), FID32(FN_MEM_PROTECT), 1, 0, 0));
        }
        together(t, team.calls, team.count);
        for (uint32_t i = 0; i < team.count; i++) {
            comes_back(t, &team.calls[i].event, "MEM_PROTECT(1)");
            zeros += (uint32_t)team.calls[i].event.x0 == 0;
        }
        expect_equal(t, zeros, 1, "how many were told that MEM_PROTECT had been off");
    }
}

/* A state and nothing else, also in the middle of a start. */
static void affinity_during_on(struct trial *t)
{
    uint32_t asker = other(t, 0);
    uint32_t target = other(t, 1);
    struct team team;

    start(t, asker);
    for (int round = 0; round < RACE_ROUNDS && !t->over; round++) {
        team = (struct team){.count = 0};
        add(&team, of(t, boot(t), id(t, FN_CPU_ON), mpidr(t, target), entry(t), 3));
        add(&team, of(t, asker, id(t, FN_AFFINITY_INFO), mpidr(t, target), 0, 0));
        together(t, team.calls, team.count);
        returns(t, &team.calls[0].event, IS_SUCCESS, "CPU_ON");
        comes_back(t, &team.calls[1].event, "AFFINITY_INFO");
        expect(t, t->over || (team.calls[1].event.x0 & UINT32_MAX) <= AFFINITY_ON_PENDING,
               "AFFINITY_INFO during a CPU_ON is none of ON, OFF, ON_PENDING");
        enters(t, await(t, target), entry(t), 3, "the CPU");
        is_on(t, target, "the CPU after it has started");
        stop(t, target);
    }
}

static const struct scenario scenarios[] = {
    {.name = "race-cpu-on-one-success",
     .clause = "5.6 CPU_ON, several callers",
     .consequence = "two callers believe that they have started the CPU, and both set up its stack",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 3,
     .run = one_success},
    {.name = "race-cpu-on-winners-entry",
     .clause = "5.6 CPU_ON, several callers",
     .consequence = "the CPU starts at a loser's address, or with a mixture",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 3,
     .run = winners_entry},
    {.name = "race-cpu-on-two-targets",
     .clause = "5.6 CPU_ON, several callers",
     .consequence = "one of two CPUs that are started together stays off",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 4,
     .run = two_targets},
    {.name = "race-cpu-on-against-cpu-off",
     .clause = "5.6 CPU_ON; 5.5 CPU_OFF",
     .consequence = "a CPU that is turned on as it goes off stays off for ever",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = on_against_off},
    {.name = "race-cpu-off-of-all",
     .clause = "5.5 CPU_OFF",
     .consequence = "the server's count of CPUs is wrong, and the guest never sleeps",
     .severity = SEVERITY_HANG,
     .cpus = 3,
     .run = all_off},
    {.name = "race-system-suspend-against-cpu-off",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "a CPU runs in a system that is taken for asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .cpus = 2,
     .run = suspend_against_off},
    {.name = "race-system-suspend-against-cpu-on",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "a CPU starts in a system that is taken for asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .cpus = 3,
     .run = suspend_against_on},
    {.name = "race-system-suspend-of-all",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "CPUs run in a system that is taken for asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .cpus = 3,
     .run = all_suspend},
    {.name = "race-os-initiated-last-man",
     .clause = "OS-initiated mode; CPU_SUSPEND, DENIED",
     .consequence = "a cluster is turned off under a CPU that runs",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = HAS(FN_SET_SUSPEND_MODE),
     .cpus = 4,
     .run = last_man},
    {.name = "race-mem-protect",
     .clause = "MEM_PROTECT",
     .consequence = "two users of protected memory both believe to be the first",
     .since = V1_1,
     .needs = HAS(FN_MEM_PROTECT),
     .cpus = 3,
     .run = one_enables},
    {.name = "race-affinity-info-during-cpu-on",
     .clause = "5.7 AFFINITY_INFO",
     .consequence = "a CPU that asks at the wrong moment gets nonsense",
     .since = V0_2,
     .cpus = 3,
     .run = affinity_during_on},
};

const struct family race_family = {"race", scenarios, COUNT_OF(scenarios)};
