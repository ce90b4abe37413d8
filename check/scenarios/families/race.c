/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls by several CPUs at the same moment, RACE_ROUNDS times. */
#include "../engine/moves.h"
#include "families.h"

/* With more callers than this, calls overlap no more often. */
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

/* The CPUs that call: the boot CPU, and the others but for the last `spared`. */
static void keep_team_on(struct trial *t, uint32_t spared)
{
    for (uint32_t n = 0; n + 1 + spared < cpu_count(t) && n < TEAM_MAX; n++) {
        keep_on(t, other(t, n));
    }
}

/* The same call by all others, with an argument that names the caller. */
static void everyone_calls(struct trial *t, struct team *team, uint32_t function)
{
    keep_team_on(t, 0);
    *team = (struct team){.count = 0};
    for (uint32_t n = 0; n + 1 < cpu_count(t) && n < TEAM_MAX; n++) {
        if (function != FN_CPU_OFF) {
            interrupt_soon(t, other(t, n));
        }
        add(team, of(t, other(t, n), id(t, function), entry(t), n, 0));
    }
    together(t, team->calls, team->count);
}

/* Two calls at once; their results are in the team. */
static void two_call(struct trial *t, struct team *team, struct team_call a, struct team_call b)
{
    *team = (struct team){.count = 0};
    add(team, a);
    add(team, b);
    together(t, team->calls, team->count);
}

static bool succeeded(const struct team_call *call)
{
    return call->event.kind == EVENT_RETURNED && code(&call->event) == RET_SUCCESS;
}

static uint32_t successes(const struct team *team)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < team->count; i++) {
        count += succeeded(&team->calls[i]);
    }
    return count;
}

static uint32_t winner(const struct team *team)
{
    uint32_t i = 0;

    while (i + 1 < team->count && !succeeded(&team->calls[i])) {
        i++;
    }
    return i;
}

/* CPU_ON by one of several CPUs; entry point and context name the caller. */
static struct team_call start_call(const struct trial *t, uint32_t caller, uint32_t target,
                                   uint32_t n)
{
    return of(t, caller, id(t, FN_CPU_ON), mpidr(t, target), entry_n(t, n), 0x900 + n);
}

static void started_by(struct trial *t, uint32_t target, uint32_t n, const char *what)
{
    comes(t, target, entry_n(t, n), 0x900 + n, what);
}

/* All of the CPUs that are on call CPU_ON of the last one. */
static uint32_t everyone_calls_cpu_on(struct trial *t, struct team *team)
{
    uint32_t target = other(t, cpu_count(t) - 2);

    keep_team_on(t, 1);
    *team = (struct team){.count = 0};
    add(team, start_call(t, boot(t), target, 0));
    for (uint32_t n = 0; n + 2 < cpu_count(t); n++) {
        add(team, start_call(t, other(t, n), target, n + 1));
    }
    together(t, team->calls, team->count);
    return target;
}

static void one_success_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t target = everyone_calls_cpu_on(t, team);

    for (uint32_t i = 0; i < team->count; i++) {
        returns(t, &team->calls[i].event, IS_SUCCESS | IS_ALREADY_ON | IS_ON_PENDING,
                "CPU_ON in a race");
    }
    expect_equal(t, successes(team), 1, "how many of the callers were told SUCCESS");
    expect(t, await(t, target)->kind == EVENT_ENTERED, "the CPU has not started");
    stop(t, target);
}

static void winners_entry_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t target = everyone_calls_cpu_on(t, team);

    started_by(t, target, winner(team),
               "the CPU, with the entry point and the context of the caller that got SUCCESS");
    stays(t, target, "the CPU a second time");
    stop(t, target);
}

static void two_targets_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t a = other(t, 1);
    uint32_t b = other(t, 2);

    keep_on(t, other(t, 0));
    two_call(t, team, start_call(t, boot(t), a, 1), start_call(t, other(t, 0), b, 2));
    expect_equal(t, successes(team), 2, "how many of two CPU_ON of two CPUs were accepted");
    started_by(t, a, 1, "the one CPU");
    started_by(t, b, 2, "the other CPU");
    stop(t, a);
    stop(t, b);
}

/* CPU_ON of a CPU that is just calling CPU_OFF: it is still on, or it comes back. */
static void on_against_off_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t cpu = other(t, 0);
    const struct event *off = &team->calls[0].event;
    const struct event *on = &team->calls[1].event;

    keep_on(t, cpu);
    two_call(t, team, of(t, cpu, id(t, FN_CPU_OFF), 0, 0, 0), start_call(t, boot(t), cpu, 1));
    returns(t, on, IS_SUCCESS | IS_ALREADY_ON, "CPU_ON of a CPU that is going off");
    if (t->over || code(on) == RET_SUCCESS) {
        enters(t, off->kind == EVENT_NONE ? await(t, cpu) : off, entry_n(t, 1), 0x901,
               "the CPU that was turned on again");
    } else {
        vanishes(t, off, "CPU_OFF");
    }
}

static void all_off_round(struct trial *t, void *context)
{
    struct team *team = context;

    everyone_calls(t, team, FN_CPU_OFF);
    for (uint32_t i = 0; i < team->count; i++) {
        vanishes(t, &team->calls[i].event, "CPU_OFF");
        is_off(t, team->calls[i].cpu, "a CPU after CPU_OFF");
    }
}

/* A CPU may sleep only if all others really are off. */
static void suspend_against_off_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t cpu = other(t, 0);
    const struct event *e = &team->calls[0].event;

    keep_on(t, cpu);
    interrupt_soon(t, boot(t));
    two_call(t, team, of(t, boot(t), id(t, FN_SYSTEM_SUSPEND), entry_n(t, 3), 0xd, 0),
             of(t, cpu, id(t, FN_CPU_OFF), 0, 0, 0));
    if (e->kind == EVENT_ENTERED) {
        enters(t, e, entry_n(t, 3), 0xd, "waking from SYSTEM_SUSPEND");
    } else {
        returns(t, e, IS_DENIED, "SYSTEM_SUSPEND while another goes off");
    }
    vanishes(t, &team->calls[1].event, "CPU_OFF");
    is_off(t, cpu, "the other CPU");
}

static void suspend_against_on_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t target = other(t, 1);

    keep_on(t, other(t, 0));
    interrupt_soon(t, boot(t));
    two_call(t, team, of(t, boot(t), id(t, FN_SYSTEM_SUSPEND), entry(t), 1, 0),
             start_call(t, other(t, 0), target, 2));
    returns(t, &team->calls[0].event, IS_DENIED, "SYSTEM_SUSPEND while another calls CPU_ON");
    returns(t, &team->calls[1].event, IS_SUCCESS, "CPU_ON while another calls SYSTEM_SUSPEND");
    started_by(t, target, 2, "the CPU");
    stop(t, target);
}

static void all_suspend_round(struct trial *t, void *context)
{
    struct team *team = context;

    everyone_calls(t, team, FN_SYSTEM_SUSPEND);
    for (uint32_t i = 0; i < team->count; i++) {
        returns(t, &team->calls[i].event, IS_DENIED, "SYSTEM_SUSPEND by all CPUs at once");
    }
}

static void one_enables_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t zeros = 0;

    keep_team_on(t, 0);
    comes_back(t, ask(t, FID32(FN_MEM_PROTECT), 0, 0), "MEM_PROTECT(0)");
    *team = (struct team){.count = 0};
    for (uint32_t n = 0; n + 1 < cpu_count(t) && n < TEAM_MAX; n++) {
        add(team, of(t, other(t, n), FID32(FN_MEM_PROTECT), 1, 0, 0));
    }
    together(t, team->calls, team->count);
    for (uint32_t i = 0; i < team->count; i++) {
        comes_back(t, &team->calls[i].event, "MEM_PROTECT(1)");
        zeros += (uint32_t)team->calls[i].event.x0 == 0;
    }
    expect_equal(t, zeros, 1, "how many were told that MEM_PROTECT had been off");
}

/* The answer is a state, also in the middle of a start. */
static void affinity_round(struct trial *t, void *context)
{
    struct team *team = context;
    uint32_t target = other(t, 1);

    keep_on(t, other(t, 0));
    two_call(t, team, start_call(t, boot(t), target, 3),
             of(t, other(t, 0), id(t, FN_AFFINITY_INFO), mpidr(t, target), 0, 0));
    returns(t, &team->calls[0].event, IS_SUCCESS, "CPU_ON");
    comes_back(t, &team->calls[1].event, "AFFINITY_INFO");
    expect(t, t->over || (team->calls[1].event.x0 & UINT32_MAX) <= AFFINITY_ON_PENDING,
           "AFFINITY_INFO during a CPU_ON is none of ON, OFF, ON_PENDING");
    started_by(t, target, 3, "the CPU");
    is_on(t, target, "the CPU after it has started");
    stop(t, target);
}

static void race(struct trial *t, void (*round)(struct trial *t, void *context))
{
    struct team team = {.count = 0};

    in_rounds(t, RACE_ROUNDS, round, &team);
}

static void one_success(struct trial *t)
{
    race(t, one_success_round);
}

static void winners_entry(struct trial *t)
{
    race(t, winners_entry_round);
}

static void two_targets(struct trial *t)
{
    race(t, two_targets_round);
}

static void on_against_off(struct trial *t)
{
    race(t, on_against_off_round);
}

/* If the server miscounts CPUs, the last one may not sleep. */
static void all_off(struct trial *t)
{
    race(t, all_off_round);
    if (!t->over && offers(t, FN_SYSTEM_SUSPEND)) {
        interrupt_soon(t, boot(t));
        characteristic_code(t, "SYSTEM_SUSPEND after a race of CPU_OFF",
                            system_suspend(t, boot(t), entry(t), 1));
    }
}

static void suspend_against_off(struct trial *t)
{
    race(t, suspend_against_off_round);
}

static void suspend_against_on(struct trial *t)
{
    race(t, suspend_against_on_round);
}

static void all_suspend(struct trial *t)
{
    race(t, all_suspend_round);
}

static void one_enables(struct trial *t)
{
    race(t, one_enables_round);
}

static void affinity_during_on(struct trial *t)
{
    race(t, affinity_round);
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
     .consequence = "CPUs run in a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .cpus = 2,
     .run = suspend_against_off},
    {.name = "race-system-suspend-against-cpu-on",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "CPUs run in a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .cpus = 3,
     .run = suspend_against_on},
    {.name = "race-system-suspend-of-all",
     .clause = "5.19 SYSTEM_SUSPEND, DENIED",
     .consequence = "CPUs run in a system that is believed to be asleep",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .cpus = 3,
     .run = all_suspend},
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
