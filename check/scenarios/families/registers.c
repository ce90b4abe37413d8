/* SPDX-License-Identifier: BSD-2-Clause */
/* What a call leaves alone (DEN0028 2.6). The view looks at the registers, and says in `trouble`
 * which of them was lost; here are the calls. Each is made by the boot CPU and by another. */
#include "../engine/moves.h"
#include "families.h"

static void both_call(struct trial *t, uint64_t function, uint64_t a, uint64_t b, uint32_t codes,
                      const char *what)
{
    returns(t, ask(t, function, a, b), codes, what);
    returns(t, call(t, other(t, 0), function, a, b, 0), codes, what);
}

static void successes(struct trial *t, uint32_t cpu_on_id, uint32_t affinity_id)
{
    uint32_t callers[] = {boot(t), other(t, 0)};
    uint32_t target = other(t, 1);

    start(t, callers[1]);
    for (uint32_t i = 0; i < COUNT_OF(callers); i++) {
        comes_back(t, call(t, callers[i], FID32(FN_VERSION), 0, 0, 0), "PSCI_VERSION");
        returns_as(t, call(t, callers[i], affinity_id, mpidr(t, target), 0, 0), NUMBER_AFFINITY,
                   AFFINITY_OFF, "AFFINITY_INFO");
        returns(t, call(t, callers[i], cpu_on_id, mpidr(t, target), entry(t), i), IS_SUCCESS,
                "CPU_ON");
        comes(t, target, entry(t), i, "the CPU");
        stop(t, target);
    }
}

static void successes_32(struct trial *t)
{
    successes(t, FID32(FN_CPU_ON), FID32(FN_AFFINITY_INFO));
}

static void successes_64(struct trial *t)
{
    need_aarch64(t);
    successes(t, FID64(FN_CPU_ON), FID64(FN_AFFINITY_INFO));
}

static void errors(struct trial *t, uint32_t cpu_on_id)
{
    start(t, other(t, 0));
    both_call(t, cpu_on_id, mpidr(t, boot(t)), entry(t), IS_ALREADY_ON, "CPU_ON of the boot CPU");
    both_call(t, cpu_on_id | 0x1f, 0, 0, IS_NOT_SUPPORTED, "a function that there is not");
}

static void errors_32(struct trial *t)
{
    errors(t, FID32(FN_CPU_ON));
}

static void errors_64(struct trial *t)
{
    need_aarch64(t);
    errors(t, FID64(FN_CPU_ON));
}

static void unknown(struct trial *t)
{
    static const uint32_t ids[] = {0x80000000, 0x80000001, 0x8000ffff, 0xc000ffff,
                                   0x8400ffff, 0xc400ffff, 0x0400001f};

    start(t, other(t, 0));
    for (uint32_t i = 0; i < COUNT_OF(ids); i++) {
        comes_back(t, ask(t, ids[i], 0, 0), "an ID that is not of PSCI");
        comes_back(t, call(t, other(t, 0), ids[i], 0, 0, 0), "an ID that is not of PSCI");
    }
}

static void standby(struct trial *t)
{
    const struct machine_state *state = state_need(t, 0, false);

    start(t, other(t, 0));
    for (uint32_t i = 0; i < 10; i++) {
        put_into(t, other(t, 0), state, 0);
        wakes_from(t, other(t, 0), state, entry(t), 0);
        interrupt_soon(t, boot(t));
        returns(t, suspend(t, boot(t), state->value, 0, 0), IS_SUCCESS, "standby");
    }
}

static void refused_suspend(struct trial *t)
{
    start(t, other(t, 0));
    interrupt_soon(t, boot(t));
    returns(t, system_suspend(t, boot(t), entry(t), 0), IS_DENIED,
            "SYSTEM_SUSPEND with another CPU on");
    returns(t, ask(t, FID32(FN_SYSTEM_SUSPEND), entry(t), 0), IS_DENIED, "the same, SMC32");
}

#define CLAUSE "DEN0028 2.6 Register use"
#define LOST   "what the guest has in registers is changed under its hands"

static const struct scenario scenarios[] = {
    {.name = "registers-kept-smc32",
     .clause = CLAUSE,
     .consequence = LOST,
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = VIEW_REGISTERS,
     .cpus = 3,
     .run = successes_32},
    {.name = "registers-kept-smc64",
     .clause = CLAUSE,
     .consequence = LOST,
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = VIEW_REGISTERS,
     .cpus = 3,
     .run = successes_64},
    {.name = "registers-kept-smc32-errors",
     .clause = CLAUSE,
     .consequence = LOST,
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = VIEW_REGISTERS,
     .cpus = 2,
     .run = errors_32},
    {.name = "registers-kept-smc64-errors",
     .clause = CLAUSE,
     .consequence = LOST,
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = VIEW_REGISTERS,
     .cpus = 2,
     .run = errors_64},
    {.name = "registers-kept-unknown-ids",
     .clause = CLAUSE,
     .consequence = LOST,
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .abilities = VIEW_REGISTERS,
     .cpus = 2,
     .run = unknown},
    {.name = "registers-kept-standby",
     .clause = "5.4 CPU_SUSPEND, standby",
     .consequence = LOST,
     .severity = SEVERITY_CORRUPTION,
     .abilities = VIEW_REGISTERS,
     .cpus = 2,
     .run = standby},
    {.name = "registers-kept-refused-suspend",
     .clause = CLAUSE,
     .consequence = LOST,
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_SYSTEM_SUSPEND),
     .abilities = VIEW_REGISTERS,
     .cpus = 2,
     .run = refused_suspend},
};

const struct family registers_family = {"registers", scenarios, COUNT_OF(scenarios)};
