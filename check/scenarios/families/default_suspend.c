/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_DEFAULT_SUSPEND: CPU_SUSPEND into a state of the server's choice. */
#include "../engine/moves.h"
#include "families.h"

#define CONTEXT UINT64_C(0x8877665544332211)

static uint64_t native_context(const struct trial *t)
{
    return t->machine->aarch32 || t->version < V0_2 ? CONTEXT & UINT32_MAX : CONTEXT;
}

static void sleeps(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    vanishes(t, does(t, cpu, FN_CPU_DEFAULT_SUSPEND, entry(t), 0x25), "CPU_DEFAULT_SUSPEND");
    is_on(t, cpu, "a CPU in CPU_DEFAULT_SUSPEND");
    returns(t, turn_on(t, cpu, entry(t), 0), IS_ALREADY_ON,
            "CPU_ON of a CPU in CPU_DEFAULT_SUSPEND");
    interrupt(t, cpu);
    const struct event *e = await(t, cpu);

    if (e->kind == EVENT_ENTERED) {
        enters(t, e, entry(t), 0x25, "waking from CPU_DEFAULT_SUSPEND");
    } else {
        returns(t, e, IS_SUCCESS, "waking from CPU_DEFAULT_SUSPEND");
    }
}

/* With all bits of its arguments set, by either ID, and with an interrupt already pending. */
static void sleeps_by(struct trial *t, uint32_t function, uint64_t garbage, uint64_t context)
{
    uint32_t cpu = other(t, 0);

    keep_on(t, cpu);
    interrupt(t, cpu);
    const struct event *e =
        call(t, cpu, function, garbage | entry_n(t, 2), garbage | context, garbage);

    if (e->kind == EVENT_ENTERED) {
        enters(t, e, entry_n(t, 2), context, "waking from CPU_DEFAULT_SUSPEND");
    } else {
        returns(t, e, IS_SUCCESS, "CPU_DEFAULT_SUSPEND with an interrupt pending");
    }
}

static void widths(struct trial *t)
{
    sleeps_by(t, id(t, FN_CPU_DEFAULT_SUSPEND), 0, native_context(t));
    sleeps_by(t, FID32(FN_CPU_DEFAULT_SUSPEND), GARBAGE, 0x26);
}

static void bad_address(struct trial *t)
{
    uint64_t odd = t->machine->entry | (t->machine->aarch32 ? 2 : 1);

    interrupt_soon(t, boot(t));
    returns(t, ask(t, id(t, FN_CPU_DEFAULT_SUSPEND), odd, 0), IS_INVALID_ADDRESS | IS_SUCCESS,
            "CPU_DEFAULT_SUSPEND with a misaligned entry point");
    is_on(t, boot(t), "the CPU");
}

static const struct scenario scenarios[] = {
    {.name = "cpu-default-suspend",
     .clause = "CPU_DEFAULT_SUSPEND",
     .consequence = "a CPU that idles deeply does not come back where it has to",
     .severity = SEVERITY_LOST_CPU,
     .since = V1_0,
     .needs = HAS(FN_CPU_DEFAULT_SUSPEND),
     .cpus = 2,
     .run = sleeps},
    {.name = "cpu-default-suspend-widths",
     .clause = "CPU_DEFAULT_SUSPEND; DEN0028 argument passing",
     .consequence = "a CPU starts with another's stack, or with address 0",
     .severity = SEVERITY_CORRUPTION,
     .since = V1_0,
     .needs = HAS(FN_CPU_DEFAULT_SUSPEND),
     .cpus = 2,
     .run = widths},
    {.name = "cpu-default-suspend-bad-address",
     .clause = "CPU_DEFAULT_SUSPEND, INVALID_ADDRESS",
     .consequence = "a mistake costs the guest a CPU instead of an error",
     .since = V1_0,
     .needs = HAS(FN_CPU_DEFAULT_SUSPEND),
     .run = bad_address},
};

const struct family default_suspend_family = {"default-suspend", scenarios, COUNT_OF(scenarios)};
