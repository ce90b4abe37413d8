/* SPDX-License-Identifier: BSD-2-Clause */
/* Function IDs: an ID that is not PSCI's must not be taken for a function of PSCI. */
#include "../engine/moves.h"
#include "families.h"

/* Bits of a function ID (DEN0028 2.5). */
#define BIT_FAST UINT32_C(0x80000000)
#define BIT_64   UINT32_C(0x40000000)
#define BIT_HINT UINT32_C(0x00010000)

static uint32_t smccc_version(struct trial *t)
{
    const struct event *e = ask(t, FID_SMCCC_VERSION, 0, 0);

    return e->kind == EVENT_RETURNED && code(e) > 0 ? (uint32_t)e->x0 : 0;
}

static void version(struct trial *t)
{
    const struct event *e = ask(t, FID_SMCCC_VERSION, 0, 0);

    comes_back(t, e, "SMCCC_VERSION");
    expect(t, code(e) == RET_NOT_SUPPORTED || code(e) >= (int64_t)SMCCC_1_1,
           "SMCCC_VERSION is neither NOT_SUPPORTED nor 1.1 or newer");
    if (e->kind == EVENT_RETURNED && code(e) > 0) {
        characteristic_as(t, "SMCCC version", NUMBER_VERSION, (uint32_t)e->x0);
    } else {
        characteristic_code(t, "SMCCC version", e);
    }
}

static void arch_features(struct trial *t)
{
    const struct event *e = ask(t, FID_SMCCC_ARCH_FEATURES, FID_SMCCC_VERSION, 0);

    if (smccc_version(t) == 0) {
        skip(t, "the calling convention is 1.0");
    }
    returns(t, e, IS_SUCCESS | IS_NOT_SUPPORTED, "SMCCC_ARCH_FEATURES(SMCCC_VERSION)");
    characteristic_code(t, "SMCCC_ARCH_FEATURES(SMCCC_VERSION)", e);
    returns(t, ask(t, FID_SMCCC_ARCH_FEATURES, UINT32_C(0x8000ffff), 0), IS_NOT_SUPPORTED,
            "SMCCC_ARCH_FEATURES of nothing");
}

/* IDs that a later PSCI may use, and those that an alpha version had. */
static void unknown_numbers(struct trial *t)
{
    for (uint32_t function = FN_COUNT; function < FN_RANGE; function++) {
        returns(t, ask(t, FID32(function), 0, 0), IS_NOT_SUPPORTED,
                "an SMC32 ID in PSCI's range that is no function");
        returns(t, ask(t, FID64(function), 0, 0), IS_NOT_SUPPORTED,
                "an SMC64 ID in PSCI's range that is no function");
    }
}

static void refuse(struct trial *t, uint64_t function, const char *what)
{
    returns(t, ask(t, function, mpidr(t, other(t, 0)), entry(t)), IS_NOT_SUPPORTED, what);
}

/* If a server returns 0 for an unknown call, the guest believes that it succeeded. */
/* Not 1 and 2: some device trees name these for PSCI 0.1. */
static void unknown_ids(struct trial *t)
{
    static const uint32_t unknown[] = {0,          0x500,      1337,       0x7fffffff, 0x8400ffff,
                                       0xc400ffff, 0x84000100, 0xc4000103, 0xfedcba98, 0xffffffff};

    for (uint32_t i = 0; i < COUNT_OF(unknown); i++) {
        refuse(t, unknown[i], "a call that no standard has");
    }
    is_off(t, other(t, 0), "the CPU that it named");
}

/* The other owner may have that function; only PSCI's must not be called. */
static void answers(struct trial *t, uint64_t function, const char *what)
{
    comes_back(t, ask(t, function, mpidr(t, other(t, 0)), entry(t)), what);
}

/* Numbers of PSCI with another owner: Arm architecture, CPU, SiP, OEM, standard hypervisor, vendor
 * hypervisor, trusted applications, Trusted OS. */
static void other_owners(struct trial *t)
{
    static const uint32_t owners[] = {0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x30, 0x32};

    for (uint32_t i = 0; i < COUNT_OF(owners); i++) {
        uint32_t base = BIT_FAST | owners[i] << 24;

        answers(t, base | FN_CPU_OFF, "CPU_OFF's number with another owner");
        answers(t, base | FN_CPU_ON, "CPU_ON's number with another owner");
        answers(t, base | BIT_64 | FN_CPU_ON, "the same, SMC64");
    }
    is_off(t, other(t, 0), "the CPU that it named");
}

static void yielding(struct trial *t)
{
    refuse(t, FID32(FN_CPU_OFF) & ~BIT_FAST, "CPU_OFF's ID as a yielding call");
    refuse(t, FID32(FN_CPU_ON) & ~BIT_FAST, "CPU_ON's ID as a yielding call");
    refuse(t, FID64(FN_CPU_ON) & ~BIT_FAST, "CPU_ON's SMC64 ID as a yielding call");
    is_off(t, other(t, 0), "the CPU that it named");
}

static void reserved_bits(struct trial *t)
{
    for (uint32_t bit = 17; bit < 24; bit++) {
        refuse(t, FID32(FN_CPU_OFF) | UINT32_C(1) << bit, "CPU_OFF with a reserved bit in its ID");
        refuse(t, FID32(FN_CPU_ON) | UINT32_C(1) << bit, "CPU_ON with a reserved bit in its ID");
    }
    for (uint32_t bit = 5; bit < 16; bit++) {
        refuse(t, FID32(FN_CPU_OFF) | UINT32_C(1) << bit, "a number that ends as CPU_OFF's does");
    }
    is_off(t, other(t, 0), "the CPU that it named");
}

/* DEN0028 2.5: from 1.3 on, bit 16 is a hint about SVE state. */
static void hint_bit(struct trial *t)
{
    const struct event *e = ask(t, FID32(FN_VERSION) | BIT_HINT, 0, 0);

    if (smccc_version(t) >= SMCCC_1_3) {
        returns_as(t, e, NUMBER_VERSION, t->version, "PSCI_VERSION with the SVE hint");
    } else {
        comes_back(t, e, "PSCI_VERSION with bit 16 of its ID set");
        expect(t, code(e) == RET_NOT_SUPPORTED || (uint32_t)e->x0 == t->version,
               "PSCI_VERSION with bit 16 of its ID set is neither refused nor answered");
    }
    characteristic(t, "bit 16 of an ID", code(e) < 0 ? "reserved" : "ignored");
}

static void id_upper_half(struct trial *t)
{
    returns_as(t, ask(t, GARBAGE | FID32(FN_VERSION), 0, 0), NUMBER_VERSION, t->version,
               "PSCI_VERSION with garbage in the upper half of x0");
    returns(t, turn_on(t, boot(t), entry(t), 0), IS_ALREADY_ON, "CPU_ON");
    returns(t, ask(t, GARBAGE | id(t, FN_CPU_ON), mpidr(t, boot(t)), entry(t)), IS_ALREADY_ON,
            "CPU_ON with garbage in the upper half of x0");
}

static void no_64_bit_twins(struct trial *t)
{
    for (uint32_t function = 0; function < FN_COUNT; function++) {
        if (!has_64(function)) {
            returns(t, ask(t, FID64(function), 0, 0), IS_NOT_SUPPORTED,
                    "the SMC64 ID of a function that has none");
        }
    }
}

static void no_64_bit_calls_from_32(struct trial *t)
{
    if (!t->machine->aarch32) {
        skip(t, "the guest is in AArch64 state");
    }
    for (uint32_t function = 0; function < FN_COUNT; function++) {
        returns(t, ask(t, FID64(function), mpidr(t, boot(t)), entry(t)), IS_NOT_SUPPORTED,
                "an SMC64 call from AArch32 state");
        returns(t, features(t, FID64(function)), IS_NOT_SUPPORTED,
                "PSCI_FEATURES of an SMC64 ID from AArch32 state");
    }
}

static void error_width(struct trial *t)
{
    const struct event *e = ask(t, FID32(FN_RANGE - 1), 0, 0);
    const struct event *wide = ask(t, FID64(FN_RANGE - 1), 0, 0);

    returns(t, e, IS_NOT_SUPPORTED, "an unknown SMC32 call");
    returns(t, wide, IS_NOT_SUPPORTED, "an unknown SMC64 call");
    characteristic(t, "errors of SMC32 calls",
                   e->x0 >> 32 != 0 ? "sign-extended to 64 bits" : "32 bits");
    characteristic(t, "errors of SMC64 calls",
                   wide->x0 >> 32 != 0 ? "sign-extended to 64 bits" : "32 bits");
}

/* Both are SMC32 calls, whatever is at other numbers. */
static void no_64_bit_version(struct trial *t)
{
    returns(t, ask(t, FID_SMCCC_VERSION | BIT_64, 0, 0), IS_NOT_SUPPORTED,
            "SMCCC_VERSION by an SMC64 ID");
    returns(t, ask(t, FID_SMCCC_ARCH_FEATURES | BIT_64, FID_SMCCC_VERSION, 0), IS_NOT_SUPPORTED,
            "SMCCC_ARCH_FEATURES by an SMC64 ID");
}

/* KVM's ID of CPU_OFF: some servers accept it in every version. */
static void legacy_ids(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    start(t, cpu);
    returns(t, call(t, cpu, UINT32_C(0x95c1ba5f), 0, 0, 0), IS_NOT_SUPPORTED,
            "an ID that PSCI 0.1 might have had");
}

static const struct scenario scenarios[] = {
    {.name = "smccc-version",
     .clause = "DEN0028 SMCCC_VERSION",
     .consequence = "the guest asks in the wrong way for its CPU's mitigations",
     .run = version},
    {.name = "smccc-arch-features",
     .clause = "DEN0028 SMCCC_ARCH_FEATURES",
     .consequence = "the guest relies on a mitigation that does not exist",
     .run = arch_features},
    {.name = "smccc-version-no-64-bit-twins",
     .clause = "DEN0028 SMCCC_VERSION, SMCCC_ARCH_FEATURES",
     .consequence = "a guest that probes relies on calls that do not exist",
     .run = no_64_bit_version},
    {.name = "smccc-unknown-numbers",
     .clause = "Return codes, NOT_SUPPORTED",
     .consequence = "a newer guest believes that a function is there, or crashes when it asks",
     .severity = SEVERITY_BOOT_FAILURE,
     .run = unknown_numbers},
    {.name = "smccc-unknown-ids",
     .clause = "DEN0028 Unknown Function Identifier",
     .consequence = "a guest that probes crashes, or relies on services that do not exist",
     .severity = SEVERITY_BOOT_FAILURE,
     .cpus = 2,
     .run = unknown_ids},
    {.name = "smccc-other-owners",
     .clause = "DEN0028 Function identifiers",
     .consequence = "a call to another service turns CPUs on or off",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = other_owners},
    {.name = "smccc-yielding-ids",
     .clause = "DEN0028 Function identifiers",
     .consequence = "a call to another service turns CPUs on or off",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = yielding},
    {.name = "smccc-reserved-id-bits",
     .clause = "DEN0028 Function identifiers",
     .consequence = "a call of a later calling convention turns CPUs on or off",
     .severity = SEVERITY_LOST_CPU,
     .cpus = 2,
     .run = reserved_bits},
    {.name = "smccc-hint-bit",
     .clause = "DEN0028 Function identifiers, bit 16",
     .consequence = "a guest that hints at unused SVE state finds no PSCI",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V0_2,
     .run = hint_bit},
    {.name = "smccc-id-upper-half",
     .clause = "DEN0028 Function identifiers (W0)",
     .consequence =
         "a guest that does not clear the upper half of x0 gets no answer, or a wrong one",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V0_2,
     .run = id_upper_half},
    {.name = "smccc-no-64-bit-twins",
     .clause = "Function prototypes",
     .consequence = "a stray ID turns a CPU or the system off",
     .severity = SEVERITY_LOST_CPU,
     .run = no_64_bit_twins},
    {.name = "smccc-no-64-bit-calls-from-aarch32",
     .clause = "DEN0028 Function identifiers, SMC64",
     .consequence = "an AArch32 guest gets results cut to half their width",
     .severity = SEVERITY_COSMETIC,
     .run = no_64_bit_calls_from_32},
    {.name = "smccc-error-width",
     .clause = "Return codes",
     .consequence = "a guest that compares 64 bits takes an error for an answer",
     .severity = SEVERITY_HANG,
     .run = error_width},
    {.name = "smccc-legacy-ids",
     .clause = "Return codes, NOT_SUPPORTED",
     .consequence = "a stray ID turns a CPU or the system off",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .cpus = 2,
     .run = legacy_ids},
};

const struct family smccc_family = {"smccc", scenarios, COUNT_OF(scenarios)};
