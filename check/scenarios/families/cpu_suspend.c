/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_SUSPEND and CPU_DEFAULT_SUSPEND, in platform-coordinated mode. */
#include "../engine/moves.h"
#include "families.h"

#define CONTEXT UINT64_C(0x8877665544332211)

static uint64_t native_context(const struct trial *t)
{
    return t->machine->aarch32 || t->version < V0_2 ? CONTEXT & UINT32_MAX : CONTEXT;
}

static void standby(struct trial *t)
{
    uint32_t cpu = started(t, 0);
    const struct machine_state *state = state_need(t, 0, false);

    put_into(t, cpu, state, 1);
    interrupt(t, cpu);
    returns(t, await(t, cpu), IS_SUCCESS, "waking from standby");
    is_on(t, cpu, "a CPU after standby");
}

/* 5.4: entry point and context are for powerdown only, and Linux passes 0 here. */
static void standby_ignores_entry(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), state->value, 3, UINT64_MAX), IS_SUCCESS,
            "standby with an entry point that is none");
}

static void standby_by_timer(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    for (int round = 0; round < 5; round++) {
        interrupt_soon(t, boot(t));
        returns(t, suspend(t, boot(t), state->value, 0, 0), IS_SUCCESS, "standby of the boot CPU");
    }
}

static void pending_round(struct trial *t, void *context)
{
    uint32_t cpu = other(t, 0);
    bool powerdown = *(const bool *)context;
    const struct machine_state *state = state_need(t, 0, powerdown);

    keep_on(t, cpu);
    interrupt(t, cpu);
    const struct event *e = suspend(t, cpu, state->value, entry_n(t, 1), 0x21);

    if (powerdown && e->kind == EVENT_ENTERED) {
        enters(t, e, entry_n(t, 1), 0x21, "powerdown with an interrupt pending");
    } else {
        returns(t, e, IS_SUCCESS, "CPU_SUSPEND with an interrupt pending");
    }
    is_on(t, cpu, "the CPU");
}

static void pending_wakes(struct trial *t, bool powerdown)
{
    in_rounds(t, RACE_ROUNDS / 4, pending_round, &powerdown);
}

static void standby_pending(struct trial *t)
{
    pending_wakes(t, false);
}

static void powerdown_pending(struct trial *t)
{
    pending_wakes(t, true);
}

/* 5.4: a server may do less than it is asked for, and then returns SUCCESS. Linux takes that for a
 * failure of the suspend, so it is worth knowing. */
static void powerdown(struct trial *t)
{
    uint32_t cpu = started(t, 0);
    const struct machine_state *state = state_need(t, 0, true);

    put_into(t, cpu, state, 0x22);
    interrupt(t, cpu);
    const struct event *e = await(t, cpu);

    characteristic(t, "a powerdown state",
                   e->kind == EVENT_ENTERED ? "loses the context" : "is downgraded to standby");
    if (e->kind != EVENT_ENTERED) {
        returns(t, e, IS_SUCCESS, "waking from a powerdown state");
        return;
    }
    enters(t, e, entry(t), 0x22, "waking from a powerdown state");
    stays(t, cpu, "the CPU a second time");
}

static void context_width(struct trial *t)
{
    uint32_t cpu = started(t, 0);
    const struct machine_state *state = state_need(t, 0, true);

    vanishes(t, suspend(t, cpu, state->value, entry(t), native_context(t)), "CPU_SUSPEND");
    wakes_from(t, cpu, state, entry(t), native_context(t));
}

static void upper_halves(struct trial *t)
{
    uint32_t cpu = started(t, 0);
    const struct machine_state *state = state_need(t, 0, true);

    vanishes(t,
             call(t, cpu, FID32(FN_CPU_SUSPEND), GARBAGE | state->value, GARBAGE | entry(t),
                  GARBAGE | 0x23),
             "SMC32 CPU_SUSPEND with garbage in the upper halves");
    wakes_from(t, cpu, state, entry(t), 0x23);
}

/* power_state is uint32 in the SMC64 call too. */
static void state_width(struct trial *t)
{
    uint32_t cpu = started(t, 0);
    const struct machine_state *state = state_need(t, 0, false);

    vanishes(t, suspend(t, cpu, GARBAGE | state->value, entry(t), 0),
             "CPU_SUSPEND with garbage in the upper half of power_state");
    wakes_from(t, cpu, state, entry(t), 0);
}

/* A timer is armed: if a server accepts a call that it should refuse, the CPU wakes. */
static void refuses_state(struct trial *t, uint64_t value, const char *what)
{
    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), value, entry(t), 0), IS_INVALID_PARAMETERS, what);
}

/* 5.4: what is reserved in the original format, and in the extended one. */
static void reserved_bits(struct trial *t)
{
    uint32_t reserved = (t->suspend_flags & SUSPEND_EXTENDED) != 0 ? 0xb0000000 : 0xfcfe0000;

    for (uint32_t i = 0; i < t->machine->state_count; i++) {
        for (uint32_t bit = 0; bit < 32; bit++) {
            if ((reserved & UINT32_C(1) << bit) != 0) {
                refuses_state(t, t->machine->states[i].value | UINT32_C(1) << bit,
                              "CPU_SUSPEND with a reserved bit in power_state");
            }
        }
    }
}

/* The server decides which states exist. */
static void need_all_states(struct trial *t)
{
    if (t->machine->states_guessed) {
        skip(t, "the machine does not say which states it has");
    }
}

/* 5.4: well-formed states that the machine does not have. */
static void unknown_states(struct trial *t)
{
    bool extended = (t->suspend_flags & SUSPEND_EXTENDED) != 0;
    uint32_t type = STATE_TYPE(extended);
    uint32_t identity = extended ? 0x0fffffff : 0x0000ffff;

    need_all_states(t);
    refuses_state(t, UINT32_MAX, "CPU_SUSPEND into a state that is all ones");
    refuses_state(t, identity, "CPU_SUSPEND into a standby state that does not exist");
    refuses_state(t, identity | type, "CPU_SUSPEND into a powerdown state that does not exist");
    for (uint32_t i = 0; i < t->machine->state_count; i++) {
        uint32_t value = t->machine->states[i].value;

        if (!state_known(t, value ^ type)) {
            refuses_state(t, value ^ type, "CPU_SUSPEND into a state of another type");
        }
        if (!state_known(t, value ^ 0x8000)) {
            refuses_state(t, value ^ 0x8000, "CPU_SUSPEND into a state of another StateID");
        }
    }
}

static void unknown_levels(struct trial *t)
{
    need_all_states(t);
    for (uint32_t i = 0; i < t->machine->state_count && (t->suspend_flags & SUSPEND_EXTENDED) == 0;
         i++) {
        for (uint32_t level = 0; level < 4; level++) {
            uint32_t value = (t->machine->states[i].value & ~UINT32_C(0x03000000)) | level << 24;

            if (!state_known(t, value)) {
                refuses_state(t, value, "CPU_SUSPEND into a state of another level");
            }
        }
    }
}

static void bad_address(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint64_t odd = t->machine->entry | (t->machine->aarch32 ? 2 : 1);
    uint32_t cpu = started(t, 0);

    interrupt_soon(t, cpu);
    const struct event *e = suspend(t, cpu, state->value, odd, 0);

    returns(t, e, IS_INVALID_ADDRESS | IS_SUCCESS, "powerdown with a misaligned entry point");
    characteristic_code(t, "powerdown with a misaligned entry point", e);
    if (t->machine->bad_entry != 0 && code(e) != RET_SUCCESS) {
        interrupt_soon(t, cpu);
        returns(t, suspend(t, cpu, state->value, t->machine->bad_entry, 0), IS_INVALID_ADDRESS,
                "powerdown with an entry point outside of memory");
    }
    is_on(t, cpu, "a CPU whose CPU_SUSPEND was refused");
    stop(t, cpu);
}

static void each_by_itself(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint32_t a = started(t, 0);
    uint32_t b = other(t, 1);

    start(t, b);
    put_into(t, a, state, 0xa);
    put_into(t, b, state, 0xb);
    wakes_from(t, a, state, entry(t), 0xa);
    stays(t, b, "a CPU that sleeps, while another is woken");
    wakes_from(t, b, state, entry(t), 0xb);
}

static void all_sleep(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        start(t, other(t, n));
        put_into(t, other(t, n), state, n);
    }
    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), state->value, 0, 0), IS_SUCCESS, "standby of the last CPU");
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        wakes_from(t, other(t, n), state, entry(t), n);
    }
}

static void again(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint32_t cpu = started(t, 0);

    for (uint32_t round = 0; round < 10; round++) {
        vanishes(t, suspend(t, cpu, state->value, entry_n(t, round), round), "CPU_SUSPEND");
        wakes_from(t, cpu, state, entry_n(t, round), round);
    }
    stop(t, cpu);
    start_by(t, boot(t), cpu, 0x99);
}

/* 5.4 Platform-coordinated: a cluster state while others run is no error; the cluster stays up. */
static void cluster_coordinated(struct trial *t, bool powerdown)
{
    const struct machine_state *state = state_need(t, 1, powerdown);
    uint32_t cpu = sibling(t, 1, boot(t));

    if (t->over) {
        return;
    }
    start(t, cpu);
    put_into(t, cpu, state, 0x24);
    is_on(t, boot(t), "the CPU that runs on in the same cluster");
    wakes_from(t, cpu, state, entry(t), 0x24);
}

static void cluster_standby(struct trial *t)
{
    cluster_coordinated(t, false);
}

static void cluster_powerdown(struct trial *t)
{
    cluster_coordinated(t, true);
}

/* The arguments of CPU_SUSPEND count, not those with which the CPU was started. */
static void not_old_entry(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, true);
    uint32_t cpu = other(t, 0);

    start_by(t, boot(t), cpu, 0x111);
    vanishes(t, suspend(t, cpu, state->value, entry_n(t, 3), 0x222), "CPU_SUSPEND");
    wakes_from(t, cpu, state, entry_n(t, 3), 0x222);
}

/* 5.20: a core has called CPU_SUSPEND since the start. Some servers look only at whether one
 * sleeps now. */
static void mode_after_suspend(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    interrupt_soon(t, boot(t));
    returns(t, suspend(t, boot(t), state->value, 0, 0), IS_SUCCESS, "CPU_SUSPEND");
    const struct event *e = set_mode(t, boot(t), 1);

    returns(t, e, IS_DENIED | IS_SUCCESS, "OS-initiated mode after a CPU_SUSPEND");
    characteristic_code(t, "OS-initiated mode after a CPU_SUSPEND", e);
}

static void mode_while_suspended(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    start(t, other(t, 0));
    put_into(t, other(t, 0), state, 0);
    returns(t, set_mode(t, boot(t), 1), IS_DENIED,
            "OS-initiated mode while a CPU is in CPU_SUSPEND");
    wakes_from(t, other(t, 0), state, entry(t), 0);
}

static const struct scenario scenarios[] = {
    {.name = "cpu-suspend-standby",
     .clause = "5.4 CPU_SUSPEND, standby",
     .consequence = "an idle CPU never wakes",
     .severity = SEVERITY_HANG,
     .cpus = 2,
     .run = standby},
    {.name = "cpu-suspend-standby-ignores-entry",
     .clause = "5.4 CPU_SUSPEND, standby",
     .consequence = "a guest that passes no entry point cannot idle",
     .run = standby_ignores_entry},
    {.name = "cpu-suspend-standby-of-boot-cpu",
     .clause = "5.4 CPU_SUSPEND, standby",
     .consequence = "the guest idles once and never again",
     .severity = SEVERITY_HANG,
     .run = standby_by_timer},
    {.name = "cpu-suspend-standby-pending",
     .clause = "5.4 CPU_SUSPEND, wake-up events",
     .consequence = "a CPU sleeps through an interrupt just before it",
     .severity = SEVERITY_HANG,
     .cpus = 2,
     .run = standby_pending},
    {.name = "cpu-suspend-powerdown-pending",
     .clause = "5.4 CPU_SUSPEND, wake-up events",
     .consequence = "a CPU sleeps through an interrupt just before it",
     .severity = SEVERITY_HANG,
     .cpus = 2,
     .run = powerdown_pending},
    {.name = "cpu-suspend-powerdown",
     .clause = "5.4 CPU_SUSPEND, powerdown",
     .consequence = "a CPU that idles deeply does not come back where it has to",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = powerdown},
    {.name = "cpu-suspend-context-id",
     .clause = "5.4 CPU_SUSPEND, context_id",
     .consequence = "a CPU starts with another's stack, or with address 0",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = context_width},
    {.name = "cpu-suspend-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "a CPU starts at an invalid address, depending on leftover bits in a register",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 2,
     .run = upper_halves},
    {.name = "cpu-suspend-state-width",
     .clause = "DEN0028 SMC64 argument passing; 5.4 CPU_SUSPEND, uint32 power_state",
     .consequence = "idling fails, depending on leftover bits in a register",
     .since = V0_2,
     .cpus = 2,
     .run = state_width},
    {.name = "cpu-suspend-reserved-bits",
     .clause = "5.4 power_state, bits that must be zero",
     .consequence = "a guest that uses a newer format sleeps in another state than it asked for",
     .run = reserved_bits},
    {.name = "cpu-suspend-unknown-states",
     .clause = "5.4 CPU_SUSPEND, INVALID_PARAMETERS",
     .consequence = "the guest relies on a state that does not exist",
     .severity = SEVERITY_CORRUPTION,
     .run = unknown_states},
    {.name = "cpu-suspend-unknown-levels",
     .clause = "5.4 CPU_SUSPEND, INVALID_PARAMETERS",
     .consequence = "the guest takes a cluster for asleep that is not",
     .run = unknown_levels},
    {.name = "cpu-suspend-bad-address",
     .clause = "5.4 CPU_SUSPEND, INVALID_ADDRESS",
     .consequence = "a mistake costs the guest a CPU instead of an error",
     .cpus = 2,
     .run = bad_address},
    {.name = "cpu-suspend-each-by-itself",
     .clause = "5.4 CPU_SUSPEND",
     .consequence = "CPUs wake with one another's contexts",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 3,
     .run = each_by_itself},
    {.name = "cpu-suspend-all",
     .clause = "5.4 CPU_SUSPEND",
     .consequence = "a guest of which all CPUs idle never wakes",
     .severity = SEVERITY_HANG,
     .cpus = 2,
     .run = all_sleep},
    {.name = "cpu-suspend-again-and-again",
     .clause = "5.4 CPU_SUSPEND",
     .consequence = "a CPU wakes at an earlier address, or not at all",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = again},
    {.name = "cpu-suspend-not-the-old-entry",
     .clause = "5.4 CPU_SUSPEND, entry_point_address",
     .consequence = "a CPU that slept boots again",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = not_old_entry},
    {.name = "cpu-suspend-cluster-standby",
     .clause = "Platform-coordinated mode",
     .consequence = "CPUs cannot idle as long as another runs",
     .cpus = 2,
     .run = cluster_standby},
    {.name = "cpu-suspend-cluster-powerdown",
     .clause = "Platform-coordinated mode",
     .consequence = "a CPU that idles takes its running neighbour with it",
     .severity = SEVERITY_HANG,
     .cpus = 2,
     .run = cluster_powerdown},
    {.name = "suspend-mode-after-suspend",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE, DENIED",
     .consequence = "CPUs are coordinated by two rules at once",
     .since = V1_0,
     .needs = HAS(FN_SET_SUSPEND_MODE),
     .run = mode_after_suspend},
    {.name = "suspend-mode-while-suspended",
     .clause = "5.20 PSCI_SET_SUSPEND_MODE, DENIED",
     .consequence = "CPUs are coordinated by two rules at once",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .needs = HAS(FN_SET_SUSPEND_MODE),
     .cpus = 2,
     .run = mode_while_suspended},
};

const struct family cpu_suspend_family = {"cpu-suspend", scenarios, COUNT_OF(scenarios)};
