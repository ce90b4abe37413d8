/* SPDX-License-Identifier: BSD-2-Clause */
#include "moves.h"

const struct event *cpu_on(struct trial *t, uint32_t caller, uint64_t target, uint64_t address,
                           uint64_t context)
{
    return call(t, caller, id(t, FN_CPU_ON), target, address, context);
}

const struct event *turn_on(struct trial *t, uint32_t cpu, uint64_t address, uint64_t context)
{
    return cpu_on(t, boot(t), mpidr(t, cpu), address, context);
}

const struct event *cpu_off(struct trial *t, uint32_t cpu)
{
    return does(t, cpu, FN_CPU_OFF, 0, 0);
}

const struct event *affinity_by(struct trial *t, uint32_t caller, uint64_t target, uint64_t level)
{
    return does(t, caller, FN_AFFINITY_INFO, target, level);
}

const struct event *affinity(struct trial *t, uint64_t target, uint64_t level)
{
    return affinity_by(t, boot(t), target, level);
}

const struct event *features(struct trial *t, uint64_t function)
{
    return ask(t, FID32(FN_FEATURES), function, 0);
}

const struct event *suspend(struct trial *t, uint32_t cpu, uint64_t power_state, uint64_t address,
                            uint64_t context)
{
    return call(t, cpu, id(t, FN_CPU_SUSPEND), power_state, address, context);
}

const struct event *system_suspend(struct trial *t, uint32_t cpu, uint64_t address,
                                   uint64_t context)
{
    return does(t, cpu, FN_SYSTEM_SUSPEND, address, context);
}

const struct event *set_mode(struct trial *t, uint32_t cpu, uint64_t mode)
{
    return call(t, cpu, FID32(FN_SET_SUSPEND_MODE), mode, 0, 0);
}

/* 5.20: DENIED once a CPU has suspended itself in the other mode, which another scenario may have
 * had it do. */
void to_os_mode(struct trial *t)
{
    const struct event *e = set_mode(t, boot(t), 1);

    if (e->kind == EVENT_RETURNED && code(e) == RET_DENIED &&
        (t->machine->abilities & VIEW_FRESH) == 0) {
        skip(t, "a CPU has suspended itself before, and so the mode stays");
    }
    returns(t, e, IS_SUCCESS, "PSCI_SET_SUSPEND_MODE(OS-initiated)");
}

void start_by(struct trial *t, uint32_t caller, uint32_t cpu, uint64_t context)
{
    returns(t, cpu_on(t, caller, mpidr(t, cpu), entry(t), context), IS_SUCCESS,
            "CPU_ON of a CPU that is off");
    comes(t, cpu, entry(t), context, "the CPU that was turned on");
}

void start(struct trial *t, uint32_t cpu)
{
    start_by(t, boot(t), cpu, 0x1000 + cpu);
}

uint32_t started(struct trial *t, uint32_t n)
{
    start(t, other(t, n));
    return other(t, n);
}

void start_all(struct trial *t)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        start(t, other(t, n));
    }
}

void keep_on(struct trial *t, uint32_t cpu)
{
    if (!runs(t, cpu)) {
        start(t, cpu);
    }
}

/* 5.5: where a Trusted OS lives on the CPU, DENIED is right; migrate.c and cpu_off.c see to that.
 */
void stop(struct trial *t, uint32_t cpu)
{
    const struct event *e = cpu_off(t, cpu);

    if (e->kind == EVENT_RETURNED && code(e) == RET_DENIED && offers(t, FN_MIGRATE_INFO_UP_CPU)) {
        skip(t, "a Trusted OS keeps the CPU on");
    }
    vanishes(t, e, "CPU_OFF");
}

static void is_in(struct trial *t, uint32_t cpu, uint32_t state, const char *what)
{
    if (t->version >= V0_2) {
        returns_as(t, affinity(t, mpidr(t, cpu), 0), NUMBER_AFFINITY, state, what);
    }
}

void is_on(struct trial *t, uint32_t cpu, const char *what)
{
    is_in(t, cpu, AFFINITY_ON, what);
}

void is_off(struct trial *t, uint32_t cpu, const char *what)
{
    is_in(t, cpu, AFFINITY_OFF, what);
}

void put_into(struct trial *t, uint32_t cpu, const struct machine_state *state, uint64_t context)
{
    vanishes(t, suspend(t, cpu, state->value, entry(t), context), "CPU_SUSPEND");
}

void wakes_from(struct trial *t, uint32_t cpu, const struct machine_state *state, uint64_t address,
                uint64_t context)
{
    interrupt(t, cpu);
    const struct event *e = await(t, cpu);

    if (e->kind == EVENT_ENTERED && state->powerdown) {
        enters(t, e, address, context, "waking from a powerdown state");
    } else {
        returns(t, e, IS_SUCCESS, "waking from CPU_SUSPEND");
    }
}
