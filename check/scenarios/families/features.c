/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI_FEATURES, and whether calls do as it says. */
#include "../engine/moves.h"
#include "../engine/text.h"
#include "families.h"

/* PSCI_FEATURES of CPU_SUSPEND. */

/* The bits of power_state that must be zero (5.4, original and extended format). */
#define ORIGINAL_RESERVED UINT32_C(0xfcfe0000)
#define EXTENDED_RESERVED UINT32_C(0xb0000000)

static void of_itself(struct trial *t)
{
    returns_number(t, features(t, FID32(FN_FEATURES)), 0, "PSCI_FEATURES of itself");
    returns_number(t, features(t, FID32(FN_VERSION)), 0, "PSCI_FEATURES of PSCI_VERSION");
}

static void flags_are_defined(struct trial *t, uint32_t function, uint32_t fid)
{
    const struct event *e = features(t, fid);

    if (e->kind != EVENT_RETURNED || code(e) < 0) {
        returns(t, e, IS_NOT_SUPPORTED, "PSCI_FEATURES of a function that does not exist");
    } else if (function == FN_CPU_SUSPEND) {
        expect_equal(t, (uint32_t)e->x0 & ~UINT32_C(3), 0, "other flags of CPU_SUSPEND than 1:0");
    } else if (function == FN_SYSTEM_OFF2) {
        expect_equal(t, (uint32_t)e->x0, 1, "types of SYSTEM_OFF2");
    } else {
        expect_equal(t, (uint32_t)e->x0, 0, "flags of a function that has none");
    }
}

static void flags(struct trial *t)
{
    for (uint32_t function = 0; function < FN_COUNT; function++) {
        flags_are_defined(t, function, FID32(function));
        if (has_64(function)) {
            flags_are_defined(t, function, FID64(function));
        }
    }
}

static void widths(struct trial *t)
{
    uint32_t both = t->functions32 & t->functions64;

    need_aarch64(t);
    for (uint32_t function = 0; function < FN_COUNT; function++) {
        if ((both & HAS(function)) != 0) {
            const struct event *wide = features(t, FID64(function));

            returns_number(t, features(t, FID32(function)), (uint32_t)wide->x0,
                           "flags of the two IDs of a function");
        }
    }
    characteristic(t, "every function by both its IDs",
                   ((t->functions32 ^ t->functions64) & t->functions64) == 0 ? "yes" : "no");
    expect(t, true, "");
}

/*
 * Arguments with which a function returns and does nothing: errors, wherever it has one. CPU_ON of
 * the caller, AFFINITY_INFO of level 4, an entry point that is no instruction's.
 */
static uint64_t harmless(const struct trial *t, uint32_t function, unsigned n)
{
    uint64_t self = mpidr(t, boot(t));

    switch (function) {
    case FN_CPU_SUSPEND:
        return UINT32_MAX;
    case FN_CPU_ON:
    case FN_MIGRATE:
    case FN_NODE_HW_STATE:
    case FN_STAT_COUNT:
    case FN_STAT_RESIDENCY:
        return n == 0 ? self : t->machine->entry;
    case FN_AFFINITY_INFO:
        return n == 0 ? self : 4;
    case FN_SET_SUSPEND_MODE:
    case FN_SYSTEM_OFF2:
        return 2;
    case FN_SYSTEM_RESET2:
        return 1;
    case FN_FEATURES:
        return FID32(FN_VERSION);
    default:
        return 0;
    }
}

/* Functions without harmless arguments: their own scenarios call them. */
static bool is_drastic(uint32_t function)
{
    return function == FN_SYSTEM_OFF || function == FN_SYSTEM_RESET || function == FN_CPU_OFF ||
           function == FN_CPU_FREEZE || function == FN_CPU_DEFAULT_SUSPEND;
}

static void agree_one(struct trial *t, uint32_t function, uint32_t fid)
{
    const struct event *said = features(t, fid);
    bool there = said->kind == EVENT_RETURNED && code(said) >= 0;
    char what[80];
    struct text text;

    /* Another CPU is on, so that SYSTEM_SUSPEND is refused. */
    if (is_drastic(function) && there) {
        return;
    }
    /* A server that ignores power_state sleeps; other scenarios judge that. */
    if (function == FN_CPU_SUSPEND) {
        interrupt_soon(t, boot(t));
    }
    const struct event *e = ask(t, fid, harmless(t, function, 0), harmless(t, function, 1));

    text_start(&text, what, sizeof(what));
    text_add(&text, "function ");
    text_add_hex(&text, fid);
    text_add(&text, " with arguments that can only be refused");
    comes_back(t, e, what);
    if (there) {
        expect(t, code(e) != RET_NOT_SUPPORTED || (function == FN_MIGRATE_INFO_TYPE),
               "PSCI_FEATURES has the function, the call says NOT_SUPPORTED");
    } else {
        returns(t, e, IS_NOT_SUPPORTED, "a function that PSCI_FEATURES does not have");
    }
}

static void agree(struct trial *t)
{
    start(t, other(t, 0));
    for (uint32_t function = 0; function < FN_COUNT; function++) {
        agree_one(t, function, FID32(function));
        if (has_64(function)) {
            agree_one(t, function, FID64(function));
        }
    }
}

/* The functions that agree() leaves out, each on a CPU that may be lost. */
static void agree_off(struct trial *t)
{
    uint32_t cpu = started(t, 0);

    stop(t, cpu);
    is_off(t, cpu, "a CPU after CPU_OFF, which PSCI_FEATURES has");
}

static void no_64_bit_twins(struct trial *t)
{
    for (uint32_t function = 0; function < FN_COUNT; function++) {
        if (!has_64(function)) {
            returns(t, features(t, FID64(function)), IS_NOT_SUPPORTED,
                    "PSCI_FEATURES of an SMC64 ID that does not exist");
        }
    }
}

static void unknown_ids(struct trial *t)
{
    static const uint32_t unknown[] = {
        0xc400a011,                                     /* PSCI's owner, another's number */
        0x84000016, 0x8400001f, 0xc4000016, 0xc400001f, /* no function yet */
        0x84000020, 0xc4000020, 0x8400ffff,             /* beyond PSCI's range */
        0x04000003, 0x44000003,                         /* yielding */
        0x85000003, 0xc5000003, 0x86000002, 0x82000003, /* other owners */
        0x84010003, 0x84020003, 0x84800003, 0xc4010003, /* bits 23:16 */
        0,          FN_CPU_ON,  0x95c1ba60, 0xffffffff, /* no ID at all */
    };

    for (uint32_t i = 0; i < COUNT_OF(unknown); i++) {
        returns(t, features(t, unknown[i]), IS_NOT_SUPPORTED, "PSCI_FEATURES of no function");
    }
}

static void smccc_version(struct trial *t)
{
    const struct event *said = features(t, FID_SMCCC_VERSION);
    const struct event *e = ask(t, FID_SMCCC_VERSION, 0, 0);

    returns(t, said, IS_SUCCESS | IS_NOT_SUPPORTED, "PSCI_FEATURES(SMCCC_VERSION)");
    comes_back(t, e, "SMCCC_VERSION");
    expect(t, (code(said) == RET_SUCCESS) == (code(e) >= (int64_t)SMCCC_1_1),
           "PSCI_FEATURES(SMCCC_VERSION) and SMCCC_VERSION contradict each other");
}

/* The argument is uint32_t (PSCI_FEATURES is an SMC32 call). */
static void argument_width(struct trial *t)
{
    returns_number(t, features(t, GARBAGE | FID32(FN_CPU_ON)), 0,
                   "PSCI_FEATURES with garbage in the upper half of its argument");
    returns_number(t,
                   call(t, boot(t), FID32(FN_FEATURES), FID32(FN_VERSION), UINT64_MAX, UINT64_MAX),
                   0, "PSCI_FEATURES with garbage in x2 and x3");
}

static void os_initiated(struct trial *t)
{
    bool flag = (t->suspend_flags & SUSPEND_OS_INITIATED) != 0;

    expect(t, flag == offers(t, FN_SET_SUSPEND_MODE),
           "PSCI_SET_SUSPEND_MODE and the flag for OS-initiated mode contradict each other");
    characteristic(t, "OS-initiated mode", flag ? "yes" : "no");
}

static void suspend_format(struct trial *t)
{
    bool extended = (t->suspend_flags & SUSPEND_EXTENDED) != 0;

    for (uint32_t i = 0; i < t->machine->state_count; i++) {
        uint32_t value = t->machine->states[i].value;

        expect_equal(t, value & (extended ? EXTENDED_RESERVED : ORIGINAL_RESERVED), 0,
                     "reserved bits of a power_state that the machine offers");
    }
    characteristic(t, "format of power_state", extended ? "extended" : "original");
    expect(t, true, "");
}

static void absent_before_1_0(struct trial *t)
{
    returns(t, features(t, FID32(FN_VERSION)), IS_NOT_SUPPORTED, "PSCI_FEATURES before 1.0");
    returns(t, features(t, FID_SMCCC_VERSION), IS_NOT_SUPPORTED, "PSCI_FEATURES before 1.0");
}

static const struct scenario scenarios[] = {
    {.name = "features-of-itself",
     .clause = "PSCI_FEATURES",
     .consequence = "the guest concludes that there are no features",
     .since = V1_0,
     .run = of_itself},
    {.name = "features-flags",
     .clause = "PSCI_FEATURES, return values",
     .consequence = "the guest uses a format, a mode or a kind of hibernation that does not exist",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .run = flags},
    {.name = "features-widths",
     .clause = "PSCI_FEATURES",
     .consequence = "32-bit and 64-bit guests get different machines",
     .since = V1_0,
     .run = widths},
    {.name = "features-agree-with-calls",
     .clause = "PSCI_FEATURES",
     .consequence = "the guest relies on a function that does not exist, or misses one that is",
     .severity = SEVERITY_LOST_CPU,
     .since = V1_0,
     .cpus = 2,
     .run = agree},
    {.name = "features-agree-with-cpu-off",
     .clause = "PSCI_FEATURES",
     .consequence = "a CPU that the guest turns off keeps running, or crashes the server",
     .severity = SEVERITY_LOST_CPU,
     .since = V1_0,
     .needs = HAS(FN_CPU_OFF),
     .cpus = 2,
     .run = agree_off},
    {.name = "features-no-64-bit-twins",
     .clause = "Function prototypes",
     .consequence = "the guest uses an ID that does not exist",
     .since = V1_0,
     .run = no_64_bit_twins},
    {.name = "features-unknown-ids",
     .clause = "PSCI_FEATURES, NOT_SUPPORTED",
     .consequence = "the guest relies on a function that does not exist",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .run = unknown_ids},
    {.name = "features-smccc-version",
     .clause = "DEN0028 Appendix B, discovery by PSCI_FEATURES",
     .consequence = "the guest asks in the wrong way for its CPU's mitigations",
     .since = V1_0,
     .run = smccc_version},
    {.name = "features-argument-width",
     .clause = "DEN0028 SMC32 argument passing",
     .consequence = "a guest with garbage in an upper half finds nothing",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V1_0,
     .run = argument_width},
    {.name = "features-os-initiated",
     .clause = "PSCI_FEATURES, flags of CPU_SUSPEND",
     .consequence = "the guest coordinates for itself what the server coordinates too",
     .severity = SEVERITY_HANG,
     .since = V1_0,
     .run = os_initiated},
    {.name = "features-suspend-format",
     .clause = "5.4 power_state",
     .consequence = "every idle state is refused, and the machine never idles deeply",
     .since = V1_0,
     .run = suspend_format},
    {.name = "features-absent-before-1.0",
     .clause = "Function prototypes",
     .consequence = "a guest that probes takes the server for a newer one",
     .since = V0_2,
     .until = V1_0,
     .run = absent_before_1_0},
};

const struct family features_family = {"features", scenarios, COUNT_OF(scenarios)};
