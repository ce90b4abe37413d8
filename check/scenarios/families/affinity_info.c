/* SPDX-License-Identifier: BSD-2-Clause */
/* AFFINITY_INFO: which CPUs are on. Guests poll it until a CPU has turned itself off. */
#include "../engine/moves.h"
#include "families.h"

/*
 * 5.7: from 1.0 on, levels above 0 may be answered with INVALID_PARAMETERS. True if that is so, or
 * if the trial is over.
 */
static bool declines(struct trial *t, uint64_t level)
{
    const struct event *e = affinity(t, mpidr(t, boot(t)), level);
    bool declined = t->version >= V1_0 && code(e) == RET_INVALID_PARAMETERS;

    comes_back(t, e, "AFFINITY_INFO of a level above 0");
    characteristic(t, "AFFINITY_INFO above level 0", declined ? "INVALID_PARAMETERS" : "answered");
    expect(t, true, "");
    return declined || t->over;
}

static void self_is_on(struct trial *t)
{
    returns_as(t, affinity(t, mpidr(t, boot(t)), 0), NUMBER_AFFINITY, AFFINITY_ON,
               "AFFINITY_INFO of the caller");
    returns_as(t, ask(t, FID32(FN_AFFINITY_INFO), mpidr(t, boot(t)) & UINT32_MAX, 0),
               NUMBER_AFFINITY, AFFINITY_ON, "the same by the SMC32 call");
}

static void never_started_is_off(struct trial *t)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        is_off(t, other(t, n), "a CPU that was never turned on");
    }
}

static void on_and_off(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    for (int round = 0; round < 3; round++) {
        start(t, cpu);
        is_on(t, cpu, "a CPU that runs");
        is_on(t, boot(t), "the caller");
        stop(t, cpu);
        is_off(t, cpu, "a CPU after CPU_OFF");
    }
}

static void all_agree(struct trial *t)
{
    uint32_t cpu = started(t, 0);
    uint32_t off = other(t, 1);

    returns_as(t, affinity_by(t, cpu, mpidr(t, boot(t)), 0), NUMBER_AFFINITY, AFFINITY_ON,
               "the boot CPU, asked by "
               "another");
    returns_as(t, affinity_by(t, cpu, mpidr(t, cpu), 0), NUMBER_AFFINITY, AFFINITY_ON,
               "another CPU, by itself");
    returns_as(t, affinity_by(t, cpu, mpidr(t, off), 0), NUMBER_AFFINITY, AFFINITY_OFF,
               "a CPU that is off");
}

/* After SUCCESS a CPU is never OFF: Linux and others rely on that. */
static void pending(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    returns(t, turn_on(t, cpu, entry(t), 1), IS_SUCCESS, "CPU_ON");
    const struct event *e = affinity(t, mpidr(t, cpu), 0);

    comes_back(t, e, "AFFINITY_INFO of a CPU that was told to start");
    expect(t, code(e) == AFFINITY_ON || code(e) == AFFINITY_ON_PENDING,
           "a CPU that was told to start is neither ON_PENDING nor ON");
    characteristic(t, "AFFINITY_INFO of a CPU that was told to start",
                   code(e) == AFFINITY_ON ? "ON" : "ON_PENDING");
    comes(t, cpu, entry(t), 1, "the CPU that was turned on");
    is_on(t, cpu, "a CPU that has started");
}

/* Called while CPU_ON is perhaps still being decided: the answer must be a state. */
static void starting(struct trial *t)
{
    uint32_t caller = started(t, 0);
    uint32_t target = other(t, 1);

    const struct event *first = begin(t, caller, id(t, FN_CPU_ON), mpidr(t, target), entry(t), 7);
    const struct event *e = affinity(t, mpidr(t, target), 0);

    comes_back(t, e, "AFFINITY_INFO during a CPU_ON");
    expect(t, code(e) >= AFFINITY_ON && code(e) <= AFFINITY_ON_PENDING,
           "AFFINITY_INFO during a CPU_ON is none of ON, OFF, ON_PENDING");
    returns_as(t, affinity(t, mpidr(t, caller), 0), NUMBER_AFFINITY, AFFINITY_ON,
               "a CPU that waits for its CPU_ON");
    if (first->kind == EVENT_NONE) {
        first = await(t, caller);
    }
    returns(t, first, IS_SUCCESS, "CPU_ON");
    comes(t, target, entry(t), 7, "the CPU that was turned on");
}

static void suspended_in(struct trial *t, bool powerdown)
{
    uint32_t cpu = started(t, 0);
    const struct machine_state *state = state_need(t, 0, powerdown);

    put_into(t, cpu, state, 2);
    is_on(t, cpu, "a CPU in CPU_SUSPEND");
    wakes_from(t, cpu, state, entry(t), 2);
    is_on(t, cpu, "a CPU after CPU_SUSPEND");
}

static void standby_is_on(struct trial *t)
{
    suspended_in(t, false);
}

static void powerdown_is_on(struct trial *t)
{
    suspended_in(t, true);
}

/* NOT_PRESENT and DISABLED mean "that CPU cannot be used", which is as good. */
static void unknown_cpu(struct trial *t)
{
    for (uint32_t level = 0; level <= (t->machine->aarch32 ? 2u : 3u); level++) {
        const struct event *e = affinity(t, absent_mpidr(t, boot(t), level), 0);

        returns(t, e, IS_INVALID_PARAMETERS | IS_NOT_PRESENT | IS_DISABLED,
                "AFFINITY_INFO of a CPU that does not exist");
        characteristic_code(t, "AFFINITY_INFO of a CPU that does not exist", e);
    }
}

static void reserved_bits_32(struct trial *t)
{
    for (uint32_t bit = 24; bit < 32; bit++) {
        returns(t, ask(t, FID32(FN_AFFINITY_INFO), mpidr(t, boot(t)) | UINT64_C(1) << bit, 0),
                IS_INVALID_PARAMETERS, "SMC32 AFFINITY_INFO with a reserved bit in its target");
    }
}

static void reserved_bits_64(struct trial *t)
{
    need_aarch64(t);
    for (uint32_t bit = 24; bit < 64; bit = bit == 31 ? 40 : bit + 1) {
        returns(t, affinity(t, mpidr(t, boot(t)) | UINT64_C(1) << bit, 0), IS_INVALID_PARAMETERS,
                "AFFINITY_INFO with a reserved bit in its target");
    }
}

static void level_too_high(struct trial *t)
{
    static const uint32_t levels[] = {4, 5, 7, 0xff, 0x100, 0x10000, 0x80000000, 0xffffffff};

    for (uint32_t i = 0; i < COUNT_OF(levels); i++) {
        returns(t, affinity(t, mpidr(t, boot(t)), levels[i]), IS_INVALID_PARAMETERS,
                "AFFINITY_INFO of a level above 3");
    }
}

/* The answer for a level: ON if one CPU of the instance is on, OFF if all are off. */
static void level_is(struct trial *t, uint32_t level, uint64_t target, bool on, const char *what)
{
    returns_as(t, affinity(t, target, level), NUMBER_AFFINITY, on ? AFFINITY_ON : AFFINITY_OFF,
               what);
}

static void levels_on(struct trial *t)
{
    for (uint32_t level = 1; level <= 3; level++) {
        if (!declines(t, level)) {
            level_is(t, level, mpidr(t, boot(t)), true, "a level that the caller is in");
        }
    }
}

/* A CPU in another affinity instance of that level than the boot CPU; the boot CPU if there is none. */
static uint32_t distant(const struct trial *t, uint32_t level)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        if (!same_affinity(t, level, boot(t), other(t, n))) {
            return other(t, n);
        }
    }
    return boot(t);
}

static void levels_off(struct trial *t)
{
    for (uint32_t level = 1; level <= 3; level++) {
        uint32_t cpu = distant(t, level);

        if (cpu == boot(t) || declines(t, level)) {
            continue;
        }
        level_is(t, level, mpidr(t, cpu), false, "an instance whose CPUs are all off");
        start(t, cpu);
        level_is(t, level, mpidr(t, cpu), true, "an instance of which one CPU is on");
        stop(t, cpu);
        level_is(t, level, mpidr(t, cpu), false, "an instance whose CPUs are all off again");
    }
    if (t->checks == 0) {
        skip(t, "all CPUs share one affinity instance");
    }
}

/* An instance is ON if one of its CPUs is on, whether the others are off or pending. */
static void levels_mixed(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    if (declines(t, 3)) {
        return;
    }
    returns(t, turn_on(t, cpu, entry(t), 1), IS_SUCCESS, "CPU_ON");
    for (uint32_t level = 1; level <= 3; level++) {
        if (same_affinity(t, level, boot(t), cpu)) {
            level_is(t, level, mpidr(t, cpu), true, "an instance with the caller in it");
        }
    }
    comes(t, cpu, entry(t), 1, "the CPU that was turned on");
}

static void level_pending(struct trial *t)
{
    uint32_t cpu = distant(t, 1);

    if (cpu == boot(t)) {
        skip(t, "all CPUs share one affinity instance");
    }
    if (declines(t, 1)) {
        return;
    }
    returns(t, turn_on(t, cpu, entry(t), 1), IS_SUCCESS, "CPU_ON");
    const struct event *e = affinity(t, mpidr(t, cpu), 1);

    comes_back(t, e, "AFFINITY_INFO of an instance with a CPU that was told to start");
    expect(t, code(e) == AFFINITY_ON || code(e) == AFFINITY_ON_PENDING,
           "an instance with a CPU that was told to start is neither ON_PENDING nor ON");
    comes(t, cpu, entry(t), 1, "the CPU that was turned on");
}

/* Fields below the level do not count, whatever is in them. */
static void garbage_below_level(struct trial *t)
{
    static const uint64_t below[] = {0, 0xff, 0xffff, 0xffffff};

    for (uint32_t level = 1; level <= 3; level++) {
        if (!declines(t, level)) {
            level_is(t, level, mpidr(t, boot(t)) | below[level], true,
                     "a level that the caller is in, with garbage in the fields below");
        }
    }
}

static void unknown_instance(struct trial *t)
{
    if (declines(t, 1)) {
        return;
    }
    returns(t, affinity(t, absent_instance(t, boot(t), 2), 2),
            IS_INVALID_PARAMETERS | IS_NOT_PRESENT | IS_DISABLED,
            "AFFINITY_INFO of an instance that does not exist");
}

static void upper_halves(struct trial *t)
{
    returns_as(t,
               call(t, boot(t), FID32(FN_AFFINITY_INFO), GARBAGE | (mpidr(t, boot(t)) & UINT32_MAX),
                    GARBAGE, GARBAGE),
               NUMBER_AFFINITY, AFFINITY_ON,
               "SMC32 AFFINITY_INFO with garbage in the upper halves");
}

/* DEN0028 2.7: the upper half of a register that carries a 32-bit argument of an SMC64 call does
 * not count; lowest_affinity_level is uint32. */
static void level_width(struct trial *t)
{
    returns_as(t, affinity(t, mpidr(t, boot(t)), GARBAGE), NUMBER_AFFINITY, AFFINITY_ON,
               "AFFINITY_INFO with garbage in the upper half of lowest_affinity_level");
}

static const struct scenario scenarios[] = {
    {.name = "affinity-info-self",
     .clause = "5.7 AFFINITY_INFO",
     .consequence = "the guest takes a CPU that runs for dead",
     .since = V0_2,
     .run = self_is_on},
    {.name = "affinity-info-never-started",
     .clause = "5.7 AFFINITY_INFO",
     .consequence = "the guest does not start CPUs that it believes to be on",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 2,
     .run = never_started_is_off},
    {.name = "affinity-info-on-and-off",
     .clause = "5.7 AFFINITY_INFO",
     .consequence = "offlining a CPU times out, or its memory is reused while it runs",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .cpus = 2,
     .run = on_and_off},
    {.name = "affinity-info-all-agree",
     .clause = "5.7 AFFINITY_INFO",
     .consequence = "CPUs do not agree which of them are on",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 3,
     .run = all_agree},
    {.name = "affinity-info-pending",
     .clause = "5.7 AFFINITY_INFO, ON_PENDING",
     .consequence = "the guest believes that the start failed and gives the CPU up",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 2,
     .run = pending},
    {.name = "affinity-info-during-cpu-on",
     .clause = "5.7 AFFINITY_INFO",
     .consequence = "a CPU that asks at the wrong moment gets nonsense",
     .since = V0_2,
     .cpus = 3,
     .run = starting},
    {.name = "affinity-info-standby-is-on",
     .clause = "5.7 AFFINITY_INFO, ON includes CPU_SUSPEND",
     .consequence = "the guest frees the memory of a CPU that will wake",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .cpus = 2,
     .run = standby_is_on},
    {.name = "affinity-info-powerdown-is-on",
     .clause = "5.7 AFFINITY_INFO, ON includes CPU_SUSPEND",
     .consequence = "the guest frees the memory of a CPU that will wake",
     .severity = SEVERITY_CORRUPTION,
     .since = V0_2,
     .cpus = 2,
     .run = powerdown_is_on},
    {.name = "affinity-info-unknown-cpu",
     .clause = "5.7 AFFINITY_INFO, INVALID_PARAMETERS",
     .consequence = "a guest that probes for CPUs finds some that do not exist",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V0_2,
     .run = unknown_cpu},
    {.name = "affinity-info-reserved-bits-32",
     .clause = "5.7 AFFINITY_INFO, target_affinity",
     .consequence = "a later meaning of the bits is taken for another CPU",
     .since = V0_2,
     .run = reserved_bits_32},
    {.name = "affinity-info-reserved-bits-64",
     .clause = "5.7 AFFINITY_INFO, target_affinity",
     .consequence = "a later meaning of the bits is taken for another CPU",
     .since = V0_2,
     .run = reserved_bits_64},
    {.name = "affinity-info-level-too-high",
     .clause = "5.7 AFFINITY_INFO, lowest_affinity_level",
     .consequence = "the server shifts by a guest's number, or reads beyond a table",
     .since = V0_2,
     .run = level_too_high},
    {.name = "affinity-info-levels-on",
     .clause = "5.7 AFFINITY_INFO, lowest_affinity_level",
     .consequence = "the guest turns off a cluster that is in use",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .run = levels_on},
    {.name = "affinity-info-levels-off",
     .clause = "5.7 AFFINITY_INFO, lowest_affinity_level",
     .consequence = "the guest waits for ever for a cluster to be off",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .cpus = 2,
     .run = levels_off},
    {.name = "affinity-info-levels-mixed",
     .clause = "5.7 AFFINITY_INFO, lowest_affinity_level",
     .consequence = "the guest turns off a cluster that is in use",
     .severity = SEVERITY_HANG,
     .since = V0_2,
     .cpus = 2,
     .run = levels_mixed},
    {.name = "affinity-info-level-pending",
     .clause = "5.7 AFFINITY_INFO, lowest_affinity_level",
     .consequence = "the guest turns off a cluster in which a CPU is starting",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 2,
     .run = level_pending},
    {.name = "affinity-info-garbage-below-level",
     .clause = "5.7 AFFINITY_INFO, target_affinity",
     .consequence = "the guest is told that a cluster of its own does not exist",
     .since = V0_2,
     .run = garbage_below_level},
    {.name = "affinity-info-unknown-instance",
     .clause = "5.7 AFFINITY_INFO, INVALID_PARAMETERS",
     .consequence = "a guest that probes for clusters finds some that do not exist",
     .since = V0_2,
     .run = unknown_instance},
    {.name = "affinity-info-upper-halves",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "offlining a CPU times out, depending on leftover bits in a register",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .run = upper_halves},
    {.name = "affinity-info-level-width",
     .clause = "DEN0028 SMC64 argument passing; 5.7, uint32 lowest_affinity_level",
     .consequence = "offlining a CPU times out, depending on leftover bits in a register",
     .since = V0_2,
     .run = level_width},
};

const struct family affinity_info_family = {"affinity-info", scenarios, COUNT_OF(scenarios)};
