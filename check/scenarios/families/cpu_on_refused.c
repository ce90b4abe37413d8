/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_ON of CPUs that are on or do not exist, and with invalid entry points. */
#include "../engine/moves.h"
#include "families.h"

static void itself(struct trial *t)
{
    returns(t, turn_on(t, boot(t), entry(t), 0), IS_ALREADY_ON, "CPU_ON of the caller");
    stays(t, boot(t), "the caller");
}

static void running(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    returns(t, turn_on(t, cpu, entry_n(t, 1), 9), IS_ALREADY_ON, "CPU_ON of a CPU that runs");
    stays(t, cpu, "a CPU that ran already");
    returns(t, cpu_on(t, cpu, mpidr(t, boot(t)), entry_n(t, 1), 9), IS_ALREADY_ON,
            "CPU_ON of the boot CPU");
}

/* A suspended CPU counts as on, and wakes with its own arguments. */
static void suspended_in(struct trial *t, bool powerdown)
{
    uint32_t cpu = started(t, 0);
    const struct machine_state *state = state_need(t, 0, powerdown);

    put_into(t, cpu, state, 0x31);
    returns(t, turn_on(t, cpu, entry_n(t, 1), 0x32), IS_ALREADY_ON,
            "CPU_ON of a CPU in CPU_SUSPEND");
    wakes_from(t, cpu, state, entry(t), 0x31);
}

static void standing_by(struct trial *t)
{
    suspended_in(t, false);
}

static void powered_down(struct trial *t)
{
    suspended_in(t, true);
}

static void nobody_starts(struct trial *t, const char *what)
{
    for (uint32_t n = 0; n + 1 < cpu_count(t); n++) {
        stays(t, other(t, n), what);
        is_off(t, other(t, n), what);
    }
}

static void unknown_cpu(struct trial *t)
{
    for (uint32_t cpu = 0; cpu < cpu_count(t) && cpu < 4; cpu++) {
        for (uint32_t level = 0; level <= (t->machine->aarch32 ? 2u : 3u); level++) {
            returns(t, cpu_on(t, boot(t), absent_mpidr(t, cpu, level), entry(t), 0),
                    IS_INVALID_PARAMETERS, "CPU_ON of a CPU that does not exist");
        }
    }
    nobody_starts(t, "CPUs after a CPU_ON of none of them");
}

static void reserved_bits_32(struct trial *t)
{
    for (uint32_t bit = 24; bit < 32; bit++) {
        returns(t, ask(t, FID32(FN_CPU_ON), mpidr(t, other(t, 0)) | UINT64_C(1) << bit, entry(t)),
                IS_INVALID_PARAMETERS, "SMC32 CPU_ON with a reserved bit in target_cpu");
    }
    nobody_starts(t, "CPUs after a CPU_ON of none of them");
}

static void reserved_bits_64(struct trial *t)
{
    need_aarch64(t);
    for (uint32_t bit = 24; bit < 64; bit = bit == 31 ? 40 : bit + 1) {
        returns(t, cpu_on(t, boot(t), mpidr(t, other(t, 0)) | UINT64_C(1) << bit, entry(t), 0),
                IS_INVALID_PARAMETERS, "CPU_ON with a reserved bit in target_cpu");
    }
    nobody_starts(t, "CPUs after a CPU_ON of none of them");
}

/* A refused start leaves the CPU as it was: off, and to be started. */
static void still_startable(struct trial *t, uint32_t cpu)
{
    stays(t, cpu, "the CPU after a refused CPU_ON");
    is_off(t, cpu, "the CPU after a refused CPU_ON");
    start_by(t, boot(t), cpu, 0x41);
}

/* 5.6: INVALID_ADDRESS is for addresses that the implementation knows to be invalid. It need not know. */
static void bad_entry(struct trial *t, uint64_t address, const char *key, const char *what)
{
    uint32_t cpu = other(t, 0);
    const struct event *e = turn_on(t, cpu, address, 0);

    returns(t, e, IS_INVALID_ADDRESS | IS_SUCCESS, what);
    characteristic_code(t, key, e);
    if (code(e) != RET_SUCCESS) {
        still_startable(t, cpu);
    }
}

static void misaligned(struct trial *t)
{
    if (t->machine->aarch32) {
        bad_entry(t, t->machine->entry | 2, "CPU_ON at a misaligned address",
                  "CPU_ON at a misaligned A32 address");
    } else {
        bad_entry(t, t->machine->entry | 1, "CPU_ON at a misaligned address",
                  "CPU_ON at an odd address");
    }
}

/* A server that checks the alignment of an entry point must check both bits. */
static void misaligned_2(struct trial *t)
{
    uint32_t cpu = other(t, 0);
    const struct event *odd = turn_on(t, cpu, t->machine->entry | 1, 0);

    need_aarch64(t);
    if (code(odd) == RET_SUCCESS) {
        skip(t, "the server does not look at the alignment of entry points");
    }
    returns(t, turn_on(t, cpu, t->machine->entry | 2, 0), IS_INVALID_ADDRESS,
            "CPU_ON at an address that is 2 modulo 4");
    still_startable(t, cpu);
}

static void bad_address(struct trial *t)
{
    if (t->machine->bad_entry == 0) {
        skip(t, "no address is known where CPUs cannot start");
    }
    bad_entry(t, t->machine->bad_entry, "CPU_ON outside of memory", "CPU_ON outside of memory");
}

/* The specification does not say which of two errors is reported; one of them must be. */
static void two_errors(struct trial *t)
{
    uint32_t cpu = other(t, 0);
    uint64_t odd = t->machine->entry | (t->machine->aarch32 ? 2 : 1);

    returns(t, cpu_on(t, boot(t), absent_mpidr(t, cpu, 0), odd, 0),
            IS_INVALID_PARAMETERS | IS_INVALID_ADDRESS, "CPU_ON of no CPU at no address");
    const struct event *e = turn_on(t, boot(t), odd, 0);

    returns(t, e, IS_ALREADY_ON | IS_INVALID_ADDRESS, "CPU_ON of the caller at no address");
    characteristic_code(t, "CPU_ON of the caller at a misaligned address", e);
    still_startable(t, cpu);
}

static const struct scenario scenarios[] = {
    {.name = "cpu-on-of-itself",
     .clause = "5.6 CPU_ON, ALREADY_ON",
     .consequence = "a CPU that asks for itself is restarted, or the server crashes",
     .severity = SEVERITY_HANG,
     .run = itself},
    {.name = "cpu-on-of-running",
     .clause = "5.6 CPU_ON, ALREADY_ON",
     .consequence = "a CPU that runs is restarted",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = running},
    {.name = "cpu-on-of-standby",
     .clause = "5.6 CPU_ON, ALREADY_ON",
     .consequence = "a CPU that idles comes back somewhere else",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = standing_by},
    {.name = "cpu-on-of-powerdown",
     .clause = "5.6 CPU_ON, ALREADY_ON",
     .consequence = "a CPU that idles comes back somewhere else",
     .severity = SEVERITY_CORRUPTION,
     .cpus = 2,
     .run = powered_down},
    {.name = "cpu-on-of-unknown-cpu",
     .clause = "5.6 CPU_ON, INVALID_PARAMETERS",
     .consequence = "another CPU is started than the one named, or the server crashes",
     .severity = SEVERITY_CORRUPTION,
     .run = unknown_cpu},
    {.name = "cpu-on-reserved-bits-32",
     .clause = "5.6 CPU_ON, target_cpu",
     .consequence = "a later meaning of the bits is taken for another CPU",
     .since = V0_2,
     .cpus = 2,
     .run = reserved_bits_32},
    {.name = "cpu-on-reserved-bits-64",
     .clause = "5.6 CPU_ON, target_cpu",
     .consequence = "a later meaning of the bits is taken for another CPU",
     .since = V0_2,
     .cpus = 2,
     .run = reserved_bits_64},
    {.name = "cpu-on-misaligned",
     .clause = "5.6 CPU_ON, INVALID_ADDRESS",
     .consequence = "a mistake costs the guest a CPU instead of an error",
     .abilities = VIEW_EXPENDABLE,
     .cpus = 2,
     .run = misaligned},
    {.name = "cpu-on-misaligned-2",
     .clause = "5.6 CPU_ON, INVALID_ADDRESS",
     .consequence = "a mistake costs the guest a CPU instead of an error",
     .abilities = VIEW_EXPENDABLE,
     .cpus = 2,
     .run = misaligned_2},
    {.name = "cpu-on-bad-address",
     .clause = "5.6 CPU_ON, INVALID_ADDRESS",
     .consequence = "a mistake costs the guest a CPU instead of an error",
     .abilities = VIEW_EXPENDABLE,
     .cpus = 2,
     .run = bad_address},
    {.name = "cpu-on-two-errors",
     .clause = "5.6 CPU_ON, return codes",
     .consequence = "a mistake costs the guest a CPU instead of an error",
     .cpus = 2,
     .run = two_errors},
};

const struct family cpu_on_refused_family = {"cpu-on-refused", scenarios, COUNT_OF(scenarios)};
