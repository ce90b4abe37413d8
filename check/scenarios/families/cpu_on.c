/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_ON: which CPU starts, where, and with what. Refused calls are in cpu_on_refused.c. */
#include "../engine/moves.h"
#include "families.h"

/* No upper half is all zeros or ones, and no two bytes are the same. */
#define CONTEXT UINT64_C(0xf1e2d3c4b5a69788)

static uint64_t native_context(const struct trial *t)
{
    return t->machine->aarch32 || t->version < V0_2 ? CONTEXT & UINT32_MAX : CONTEXT;
}

static void starts(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    start_by(t, boot(t), cpu, native_context(t));
    stays(t, cpu, "the CPU a second time");
}

static void starts_32(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    if (mpidr(t, cpu) > UINT32_MAX) {
        skip(t, "Aff3 of the CPU cannot be named by an SMC32 call");
    }
    returns(t, call(t, boot(t), FID32(FN_CPU_ON), mpidr(t, cpu), entry(t), 0x12345678), IS_SUCCESS,
            "SMC32 CPU_ON");
    comes(t, cpu, entry(t), 0x12345678, "the CPU that was turned on by SMC32");
}

static void upper_halves(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    if (mpidr(t, cpu) > UINT32_MAX) {
        skip(t, "Aff3 of the CPU cannot be named by an SMC32 call");
    }
    returns(t,
            call(t, boot(t), GARBAGE | FID32(FN_CPU_ON), GARBAGE | mpidr(t, cpu),
                 GARBAGE | entry(t), GARBAGE | 0x12345678),
            IS_SUCCESS, "SMC32 CPU_ON with garbage in the upper halves");
    comes(t, cpu, entry(t), 0x12345678, "the CPU, at the lower halves");
}

static void context_width(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    need_aarch64(t);
    start_by(t, boot(t), cpu, CONTEXT);
    stop(t, cpu);
    start_by(t, boot(t), cpu, UINT64_MAX);
    stop(t, cpu);
    start_by(t, boot(t), cpu, 0);
}

static void all(struct trial *t)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        start_by(t, boot(t), other(t, n), 0x500 + n);
    }
    for (uint32_t cpu = 0; cpu < cpu_count(t); cpu++) {
        is_on(t, cpu, "a CPU after all were started");
    }
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        stop(t, other(t, n));
    }
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        is_off(t, other(t, n), "a CPU after all others were stopped");
    }
}

/* CPU_ON of all CPUs before any of them starts: each must keep its own entry point and context. */
static void all_pending(struct trial *t)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        returns(t, turn_on(t, other(t, n), entry_n(t, n), 0x600 + n), IS_SUCCESS, "CPU_ON of each");
    }
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        comes(t, other(t, n), entry_n(t, n), 0x600 + n, "each CPU");
    }
}

static void from_secondary(struct trial *t)
{
    start(t, other(t, 0));
    start_by(t, other(t, 0), other(t, 1), 77);
    is_on(t, other(t, 1), "a CPU that a secondary has started");
}

static void boot_cpu(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    stop(t, boot(t));
    start_by(t, cpu, boot(t), 78);
    is_on(t, cpu, "the CPU that started the boot CPU");
}

/* The arguments of a refused CPU_ON must not reach the CPU, even without a race. */
static void pending(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    returns(t, turn_on(t, cpu, entry(t), 1), IS_SUCCESS, "CPU_ON");
    const struct event *e = turn_on(t, cpu, entry_n(t, 1), 2);

    returns(t, e, IS_ALREADY_ON | IS_ON_PENDING, "CPU_ON of a CPU that was told to start");
    characteristic_code(t, "CPU_ON of a CPU that was told to start", e);
    comes(t, cpu, entry(t), 1, "the CPU, by the first CPU_ON");
    stays(t, cpu, "the CPU, by the second CPU_ON");
    returns(t, turn_on(t, cpu, entry_n(t, 1), 2), IS_ALREADY_ON, "CPU_ON after it has started");
}

/* What CPU_ON and AFFINITY_INFO say of a pending CPU has to be the same thing. It may start between
 * two questions, but not go back. */
static void pending_consistent(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    returns(t, turn_on(t, cpu, entry(t), 1), IS_SUCCESS, "CPU_ON");
    const struct event *before = affinity(t, mpidr(t, cpu), 0);
    const struct event *again = turn_on(t, cpu, entry(t), 2);
    const struct event *after = affinity(t, mpidr(t, cpu), 0);

    comes_back(t, before, "AFFINITY_INFO");
    comes_back(t, after, "AFFINITY_INFO");
    returns(t, again, IS_ALREADY_ON | IS_ON_PENDING, "CPU_ON of a CPU that was told to start");
    expect(t, code(before) != AFFINITY_ON || code(again) == RET_ALREADY_ON,
           "CPU_ON says ON_PENDING of a CPU that AFFINITY_INFO has called ON");
    expect(t, code(again) != RET_ALREADY_ON || code(after) == AFFINITY_ON,
           "CPU_ON says ALREADY_ON of a CPU that AFFINITY_INFO then calls ON_PENDING");
    comes(t, cpu, entry(t), 1, "the CPU");
}

static void again(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    for (uint32_t round = 0; round < 20; round++) {
        returns(t, turn_on(t, cpu, entry_n(t, round), 0x700 + round), IS_SUCCESS,
                "CPU_ON after CPU_OFF");
        comes(t, cpu, entry_n(t, round), 0x700 + round, "a CPU that comes back");
        stop(t, cpu);
    }
}

/* CPU_ON as soon as the CPU has called CPU_OFF, without waiting for AFFINITY_INFO. */
static void close_after_off_round(struct trial *t, void *context)
{
    uint32_t cpu = other(t, 0);

    (void)context;
    keep_on(t, cpu);
    const struct event *off = begin(t, cpu, id(t, FN_CPU_OFF), 0, 0, 0);
    const struct event *e = turn_on(t, cpu, entry_n(t, 2), 0x51);

    vanishes(t, off, "CPU_OFF");
    returns(t, e, IS_SUCCESS | IS_ALREADY_ON, "CPU_ON close after CPU_OFF");
    if (code(e) == RET_SUCCESS) {
        comes(t, cpu, entry_n(t, 2), 0x51, "the CPU that was turned on again");
    } else {
        vanishes(t, await(t, cpu), "the CPU, which was on when it was told to start");
    }
}

static void close_after_off(struct trial *t)
{
    in_rounds(t, RACE_ROUNDS, close_after_off_round, NULL);
}

static void not_woken_by_interrupt(struct trial *t)
{
    interrupt(t, other(t, 0));
    stays(t, other(t, 0), "a CPU that is off and got an interrupt");
    is_off(t, other(t, 0), "a CPU that is off and got an interrupt");
    start(t, other(t, 0));
}

static const struct scenario scenarios[] = {
    {.name = "cpu-on-starts",
     .clause = "5.6 CPU_ON",
     .consequence = "the guest runs on one CPU",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = starts},
    {.name = "cpu-on-starts-32",
     .clause = "5.6 CPU_ON",
     .consequence = "a guest that uses SMC32 calls runs on one CPU",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 2,
     .run = starts_32},
    {.name = "cpu-on-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "a CPU starts at an invalid address, depending on leftover bits in a register",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 2,
     .run = upper_halves},
    {.name = "cpu-on-context-id",
     .clause = "5.6 CPU_ON, context_id",
     .consequence = "a CPU starts with another's stack, or with address 0",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .cpus = 2,
     .run = context_width},
    {.name = "cpu-on-all",
     .clause = "5.6 CPU_ON, target_cpu",
     .consequence = "CPUs from some number on are missing",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = all},
    {.name = "cpu-on-all-pending",
     .clause = "5.6 CPU_ON",
     .consequence = "CPUs that are started together get one another's entry points",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 3,
     .run = all_pending},
    {.name = "cpu-on-from-secondary",
     .clause = "5.6 CPU_ON",
     .consequence = "only the boot CPU can bring CPUs back",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 3,
     .run = from_secondary},
    {.name = "cpu-on-of-boot-cpu",
     .clause = "5.6 CPU_ON",
     .consequence = "the boot CPU cannot be brought back",
     .severity = SEVERITY_LOST_CPU,
     .abilities = VIEW_HANDOVER,
     .cpus = 2,
     .run = boot_cpu},
    {.name = "cpu-on-of-pending",
     .clause = "5.6 CPU_ON, ON_PENDING",
     .consequence = "a CPU starts twice, or at the second caller's address",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = pending},
    {.name = "cpu-on-pending-consistent",
     .clause = "5.6 CPU_ON, ON_PENDING; 5.7 AFFINITY_INFO",
     .consequence = "the guest is told contradictory things about one CPU",
     .since = V0_2,
     .cpus = 2,
     .run = pending_consistent},
    {.name = "cpu-on-again-and-again",
     .clause = "5.6 CPU_ON",
     .consequence = "a CPU that was turned off does not come back, or with an old context",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = again},
    {.name = "cpu-on-close-after-cpu-off",
     .clause = "5.6 CPU_ON; 5.5 CPU_OFF",
     .consequence = "a CPU is told to start while it goes off, and never does",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = close_after_off},
    {.name = "cpu-on-not-by-interrupt",
     .clause = "5.5 CPU_OFF",
     .consequence = "a CPU that is off starts at an old address",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = not_woken_by_interrupt},
};

const struct family cpu_on_family = {"cpu-on", scenarios, COUNT_OF(scenarios)};
