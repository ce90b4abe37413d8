/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI_SET_SUSPEND_MODE, and CPU_SUSPEND in OS-initiated mode, where the guest says which domain
 * goes down and the server checks that it is right. */
#include "../engine/moves.h"
#include "families.h"

static void arguments(struct trial *t)
{
    static const uint32_t modes[] = {2, 3, 0x100, 0x10001, 0x80000000, 0xffffffff};

    for (uint32_t i = 0; i < COUNT_OF(modes); i++) {
        returns(t, set_mode(t, boot(t), modes[i]), IS_INVALID_PARAMETERS,
                "PSCI_SET_SUSPEND_MODE of no mode");
    }
    returns(t, set_mode(t, boot(t), GARBAGE | MODE_PLATFORM), IS_SUCCESS,
            "PSCI_SET_SUSPEND_MODE with garbage in the upper half");
}

static void there_and_back(struct trial *t)
{
    returns(t, set_mode(t, boot(t), MODE_PLATFORM), IS_SUCCESS,
            "the mode that the system starts in");
    to_os_mode(t);
    to_os_mode(t);
    returns(t, set_mode(t, boot(t), MODE_PLATFORM), IS_SUCCESS, "back to platform-coordinated");
    returns(t, set_mode(t, boot(t), MODE_PLATFORM), IS_SUCCESS, "the same again");
}

static void with_others_on(struct trial *t)
{
    start(t, other(t, 0));
    to_os_mode(t);
    returns(t, set_mode(t, boot(t), MODE_PLATFORM), IS_DENIED,
            "back to platform-coordinated with another CPU on");
    stop(t, other(t, 0));
    returns(t, set_mode(t, boot(t), MODE_PLATFORM), IS_SUCCESS,
            "back to platform-coordinated when alone");
}

static void refused_suspend_is_none(struct trial *t)
{
    returns(t, suspend(t, boot(t), UINT32_MAX, entry(t), 0), IS_INVALID_PARAMETERS,
            "CPU_SUSPEND of no state");
    to_os_mode(t);
}

static void while_default_suspended(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    vanishes(t, does(t, cpu, FN_CPU_DEFAULT_SUSPEND, entry(t), 5), "CPU_DEFAULT_SUSPEND");
    to_os_mode(t);
    interrupt(t, cpu);
    const struct event *e = await(t, cpu);
    expect(t, e->kind != EVENT_NONE, "the CPU does not wake from CPU_DEFAULT_SUSPEND");
}

/* OS-initiated mode: the caller is not the last one of the domain that it wants to take down. */
static void sibling_runs(struct trial *t)
{
    const struct machine_state *state = state_need(t, 1, true);
    uint32_t cpu = sibling(t, 1, boot(t));

    if (t->over) {
        return;
    }
    start(t, cpu);
    to_os_mode(t);
    returns(t, suspend(t, cpu, state->value, entry(t), 0), IS_DENIED,
            "a cluster state while another CPU of the cluster runs");
    is_on(t, cpu, "the CPU that was denied");
    stop(t, cpu);
}

static void sibling_starts(struct trial *t)
{
    const struct machine_state *state = state_need(t, 1, true);
    uint32_t cpu = stranger(t, 1, boot(t));
    uint32_t next = sibling(t, 1, cpu);

    if (t->over) {
        return;
    }
    start(t, cpu);
    to_os_mode(t);
    returns(t, turn_on(t, next, entry(t), 1), IS_SUCCESS, "CPU_ON");
    const struct event *e = await(t, next);

    enters(t, e, entry(t), 1, "the CPU");
    returns(t, suspend(t, cpu, state->value, entry(t), 0), IS_DENIED,
            "a cluster state while another CPU of the cluster has been started");
}

static void last_man(struct trial *t, bool powerdown, bool off)
{
    const struct machine_state *cluster = state_need(t, 1, powerdown);
    const struct machine_state *core = state_need(t, 0, powerdown);
    uint32_t a = stranger(t, 1, boot(t));
    uint32_t b = sibling(t, 1, a);

    if (t->over) {
        return;
    }
    start(t, a);
    start(t, b);
    to_os_mode(t);
    if (off) {
        stop(t, b);
    } else {
        put_into(t, b, core, 0xb);
    }
    put_into(t, a, cluster, 0xa);
    is_on(t, a, "the last CPU of a cluster, in CPU_SUSPEND");
    wakes_from(t, a, cluster, entry(t), 0xa);
    if (!off) {
        wakes_from(t, b, core, entry(t), 0xb);
    }
}

static void last_of_suspended(struct trial *t)
{
    last_man(t, true, false);
}

static void last_of_standby(struct trial *t)
{
    last_man(t, false, false);
}

static void last_of_off(struct trial *t)
{
    last_man(t, true, true);
}

/* A cluster cannot be off around a core that only stands by. */
static void incompatible(struct trial *t)
{
    const struct machine_state *cluster = state_need(t, 1, true);
    const struct machine_state *core = state_need(t, 0, false);
    uint32_t a = stranger(t, 1, boot(t));
    uint32_t b = sibling(t, 1, a);

    if (t->over) {
        return;
    }
    start(t, a);
    start(t, b);
    to_os_mode(t);
    put_into(t, b, core, 0xb);
    returns(t, suspend(t, a, cluster->value, entry(t), 0xa), IS_INVALID_PARAMETERS | IS_DENIED,
            "a cluster off around a CPU that stands by");
    is_on(t, a, "the CPU that was refused");
    wakes_from(t, b, core, entry(t), 0xb);
}

/* A core may always choose the state of its own level. */
static void core_level(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint32_t cpu = other(t, 0);

    start_all(t);
    to_os_mode(t);
    put_into(t, cpu, state, 0xc);
    wakes_from(t, cpu, state, entry(t), 0xc);
}

/* A CPU apart from the boot CPU, in *a, and one in another cluster of the same domain of level 2.
 */
static uint32_t neighbour(struct trial *t, uint32_t *a)
{
    *a = stranger(t, 2, boot(t));
    for (uint32_t b = 0; b < cpu_count(t); b++) {
        if (same_domain(t, 2, *a, b) && !same_domain(t, 1, *a, b)) {
            return b;
        }
    }
    skip(t, "there are no two clusters apart from the boot CPU's");
    return *a;
}

/* A state of level 2, while a cluster beneath it has a CPU that runs, or is not down itself. */
static void cluster_not_down(struct trial *t)
{
    const struct machine_state *system = state_need(t, 2, true);
    const struct machine_state *core = state_need(t, 0, true);
    uint32_t a;
    uint32_t b = neighbour(t, &a);

    start(t, a);
    start(t, b);
    to_os_mode(t);
    put_into(t, b, core, 0xb);
    returns(t, suspend(t, a, system->value, entry(t), 0xa), IS_DENIED,
            "a state of level 2 while a cluster beneath is up, though its CPUs sleep");
    wakes_from(t, b, core, entry(t), 0xb);
    returns(t, suspend(t, a, system->value, entry(t), 0xa), IS_DENIED,
            "a state of level 2 while a CPU beneath runs");
}

static void two_levels(struct trial *t)
{
    const struct machine_state *system = state_need(t, 2, true);
    const struct machine_state *cluster = state_need(t, 1, true);
    uint32_t a;
    uint32_t b = neighbour(t, &a);

    start(t, a);
    start(t, b);
    to_os_mode(t);
    put_into(t, b, cluster, 0xb);
    put_into(t, a, system, 0xa);
    wakes_from(t, a, system, entry(t), 0xa);
    wakes_from(t, b, cluster, entry(t), 0xb);
}

/* A domain cannot be off around a cluster that only stands by. */
static void incompatible_cluster(struct trial *t)
{
    const struct machine_state *system = state_need(t, 2, true);
    const struct machine_state *cluster = state_need(t, 1, false);
    uint32_t a;
    uint32_t b = neighbour(t, &a);

    start(t, a);
    start(t, b);
    to_os_mode(t);
    put_into(t, b, cluster, 0xb);
    returns(t, suspend(t, a, system->value, entry(t), 0xa), IS_INVALID_PARAMETERS | IS_DENIED,
            "a state of level 2 that is off, around a cluster that stands by");
    is_on(t, a, "the CPU that was refused");
    wakes_from(t, b, cluster, entry(t), 0xb);
}

static void after_reset(struct trial *t)
{
    const struct machine_state *state = state_need(t, 1, true);
    uint32_t cpu = sibling(t, 1, boot(t));

    if (t->over) {
        return;
    }
    to_os_mode(t);
    vanishes(t, ask(t, FID32(FN_SYSTEM_RESET), 0, 0), "SYSTEM_RESET");
    expect_end(t, END_RESET, "SYSTEM_RESET");
    restart(t);
    start(t, cpu);
    vanishes(t, suspend(t, cpu, state->value, entry(t), 3),
             "a cluster state after a reset, which is platform-coordinated again");
    wakes_from(t, cpu, state, entry(t), 3);
}

/* Address, state and level may be checked in any order; all must be checked. */
static void checks_states_too(struct trial *t)
{
    to_os_mode(t);
    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), UINT32_MAX, entry(t), 0), IS_INVALID_PARAMETERS,
            "CPU_SUSPEND of no state, in OS-initiated mode");
}

/* Only the last CPU of a cluster may take it down; here neither is the last. */
static void race_round(struct trial *t, void *context)
{
    const struct machine_state *state = state_need(t, 1, true);
    struct team_call *calls = context;

    for (uint32_t i = 0; i < 2; i++) {
        keep_on(t, calls[i].cpu);
        calls[i] = of(t, calls[i].cpu, id(t, FN_CPU_SUSPEND), state->value, entry(t), i);
    }
    together(t, calls, 2);
    for (uint32_t i = 0; i < 2; i++) {
        returns(t, &calls[i].event, IS_DENIED,
                "a cluster state by two CPUs at once, neither of them the last");
    }
}

static void race(struct trial *t)
{
    uint32_t a = stranger(t, 1, boot(t));
    struct team_call calls[] = {{.cpu = a}, {.cpu = t->over ? a : sibling(t, 1, a)}};

    to_os_mode(t);
    in_rounds(t, RACE_ROUNDS, race_round, calls);
}

#define OSI HAS(FN_SET_SUSPEND_MODE)

static const struct scenario scenarios[] = {
    {.name = "suspend-mode-arguments",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE, INVALID_PARAMETERS",
     .consequence = "the guest relies on a mode that does not exist",
     .since = V1_0,
     .needs = OSI,
     .run = arguments},
    {.name = "suspend-mode-there-and-back",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE",
     .consequence = "the guest falls back to shallow idle states",
     .since = V1_0,
     .needs = OSI,
     .run = there_and_back},
    {.name = "suspend-mode-with-others-on",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE, DENIED",
     .consequence = "CPUs are coordinated by two rules at once",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = OSI,
     .cpus = 2,
     .run = with_others_on},
    {.name = "suspend-mode-after-refused-suspend",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE",
     .consequence = "a mistake keeps the guest from OS-initiated mode",
     .since = V1_0,
     .needs = OSI,
     .run = refused_suspend_is_none},
    {.name = "suspend-mode-while-default-suspended",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE",
     .consequence = "a guest that parks CPUs early cannot choose OS-initiated mode",
     .since = V1_0,
     .needs = OSI | HAS(FN_CPU_DEFAULT_SUSPEND),
     .cpus = 2,
     .run = while_default_suspended},
    {.name = "os-initiated-sibling-runs",
     .clause = "OS-initiated mode; 5.4 CPU_SUSPEND, DENIED",
     .consequence = "a cluster is turned off under a CPU that runs",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = OSI,
     .cpus = 2,
     .run = sibling_runs},
    {.name = "os-initiated-sibling-started",
     .clause = "OS-initiated mode; 5.4 CPU_SUSPEND, DENIED",
     .consequence = "a cluster is turned off under a CPU that runs",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = sibling_starts},
    {.name = "os-initiated-last-of-suspended",
     .clause = "OS-initiated mode",
     .consequence = "clusters never go down",
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = last_of_suspended},
    {.name = "os-initiated-last-of-standby",
     .clause = "OS-initiated mode",
     .consequence = "clusters never go down",
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = last_of_standby},
    {.name = "os-initiated-last-of-off",
     .clause = "OS-initiated mode",
     .consequence = "clusters never go down once a CPU of theirs was turned off",
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = last_of_off},
    {.name = "os-initiated-incompatible",
     .clause = "5.4 CPU_SUSPEND, INVALID_PARAMETERS in OS-initiated mode",
     .consequence = "a CPU that keeps its context loses it with its cluster",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = incompatible},
    {.name = "os-initiated-core-level",
     .clause = "OS-initiated mode",
     .consequence = "CPUs cannot idle at all",
     .since = V1_0,
     .needs = OSI,
     .cpus = 2,
     .run = core_level},
    {.name = "os-initiated-cluster-not-down",
     .clause = "OS-initiated mode; 5.4 CPU_SUSPEND, DENIED",
     .consequence = "the system is turned off around a cluster that is up",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = cluster_not_down},
    {.name = "os-initiated-incompatible-cluster",
     .clause = "CPU_SUSPEND, INVALID_PARAMETERS in OS-initiated mode",
     .consequence = "a CPU that keeps its context loses it with its cluster",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = incompatible_cluster},
    {.name = "os-initiated-two-levels",
     .clause = "OS-initiated mode",
     .consequence = "the system never goes down",
     .since = V1_0,
     .needs = OSI,
     .cpus = 4,
     .run = two_levels},
    {.name = "os-initiated-checks-states",
     .clause = "5.4 CPU_SUSPEND, INVALID_PARAMETERS",
     .consequence = "the guest relies on a state that does not exist",
     .since = V1_0,
     .needs = OSI,
     .run = checks_states_too},
    {.name = "race-os-initiated-last-man",
     .clause = "OS-initiated mode; CPU_SUSPEND, DENIED",
     .consequence = "a cluster is turned off under a CPU that runs",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = HAS(FN_SET_SUSPEND_MODE),
     .cpus = 4,
     .run = race},
    {.name = "os-initiated-not-after-reset",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE, initial mode",
     .consequence = "the next system's idle states are denied",
     .since = V1_0,
     .needs = OSI,
     .abilities = VIEW_END | VIEW_RESTART | VIEW_FRESH,
     .cpus = 2,
     .run = after_reset},
};

const struct family os_initiated_family = {"os-initiated", scenarios, COUNT_OF(scenarios)};
