/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI_VERSION, and the functions that each version must have. */
#include "../engine/moves.h"
#include "families.h"

static void is_known(struct trial *t)
{
    const struct event *e = ask(t, FID32(FN_VERSION), 0, 0);

    comes_back(t, e, "PSCI_VERSION");
    expect(t, t->over || (e->x0 & UINT64_C(0x80000000)) == 0, "PSCI_VERSION has bit 31 set");
    expect_equal(t, t->version_said, t->version,
                 "PSCI_VERSION, of a server that is 0.2 or newer and not 2.0");
    characteristic_as(t, "PSCI version", NUMBER_VERSION, t->version);
    characteristic(t, "PSCI version is one that was published", t->version <= V1_3 ? "yes" : "no");
}

/* The version must not depend on the caller or on other registers, nor be in another register. */
static void is_same_for_all(struct trial *t)
{
    start(t, other(t, 0));
    returns_as(t, call(t, boot(t), FID32(FN_VERSION), UINT64_MAX, UINT64_MAX, UINT64_MAX),
               NUMBER_VERSION, t->version, "PSCI_VERSION with all arguments set");
    returns_as(t, call(t, other(t, 0), FID32(FN_VERSION), 0, 0, 0), NUMBER_VERSION, t->version,
               "PSCI_VERSION from another CPU");
}

static void has_mandatory(struct trial *t)
{
    static const struct {
        uint32_t function;
        const char *missing;
    } mandatory[] = {
        {FN_VERSION, "PSCI_VERSION is mandatory, but not there"},
        {FN_CPU_SUSPEND, "CPU_SUSPEND is mandatory, but not there"},
        {FN_CPU_OFF, "CPU_OFF is mandatory, but not there"},
        {FN_CPU_ON, "CPU_ON is mandatory, but not there"},
        {FN_AFFINITY_INFO, "AFFINITY_INFO is mandatory, but not there"},
        {FN_SYSTEM_OFF, "SYSTEM_OFF is mandatory, but not there"},
        {FN_SYSTEM_RESET, "SYSTEM_RESET is mandatory, but not there"},
        {FN_FEATURES, "PSCI_FEATURES is mandatory, but not there"},
    };

    for (uint32_t i = 0; i < COUNT_OF(mandatory); i++) {
        expect(t, offers(t, mandatory[i].function), mandatory[i].missing);
    }
}

/* 0.2 has no PSCI_FEATURES: only the calls themselves show that they exist. */
static void has_mandatory_0_2(struct trial *t)
{
    uint32_t cpu = other(t, 0);

    returns_as(t, affinity(t, mpidr(t, boot(t)), 0), NUMBER_AFFINITY, AFFINITY_ON, "AFFINITY_INFO");
    start(t, cpu);
    stop(t, cpu);
    returns(t, ask(t, id(t, FN_CPU_SUSPEND), UINT32_MAX, entry(t)),
            IS_INVALID_PARAMETERS | IS_SUCCESS, "CPU_SUSPEND of no state");
}

/* Functions of later versions, with arguments that do no harm if they exist. */
static void has_no_newer(struct trial *t)
{
    static const struct {
        uint32_t function;
        uint32_t since;
        uint64_t argument;
    } newer[] = {
        {FN_FEATURES, V1_0, FID32(FN_VERSION)},
        {FN_NODE_HW_STATE, V1_0, 0},
        {FN_CPU_DEFAULT_SUSPEND, V1_0, 3},
        {FN_SYSTEM_SUSPEND, V1_0, 3},
        {FN_SET_SUSPEND_MODE, V1_0, 2},
        {FN_STAT_RESIDENCY, V1_0, 0},
        {FN_STAT_COUNT, V1_0, 0},
        {FN_SYSTEM_RESET2, V1_1, 1},
        {FN_MEM_PROTECT, V1_1, 0},
        {FN_MEM_PROTECT_CHECK_RANGE, V1_1, 0},
        {FN_SYSTEM_OFF2, V1_3, 2},
    };

    for (uint32_t i = 0; i < COUNT_OF(newer); i++) {
        if (t->version < newer[i].since) {
            returns(t, ask(t, id(t, newer[i].function), newer[i].argument, 0), IS_NOT_SUPPORTED,
                    "a function of a later version");
        }
    }
    expect(t, true, "");
}

static const struct scenario scenarios[] = {
    {.name = "version-known",
     .clause = "5.3 PSCI_VERSION",
     .consequence = "the guest finds no PSCI, and boots with one CPU or not at all",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V0_2,
     .run = is_known},
    {.name = "version-same-for-all",
     .clause = "5.3 PSCI_VERSION",
     .consequence = "what the guest believes to have depends on who asked first",
     .severity = SEVERITY_BOOT_FAILURE,
     .since = V0_2,
     .cpus = 2,
     .run = is_same_for_all},
    {.name = "version-mandatory-functions",
     .clause = "Function prototypes, mandatory functions",
     .consequence = "the guest uses a function that its version promises, and it is not there",
     .severity = SEVERITY_LOST_CPU,
     .since = V1_0,
     .run = has_mandatory},
    {.name = "version-mandatory-functions-0.2",
     .clause = "Function prototypes, mandatory functions",
     .consequence = "the guest uses a function that its version promises, and it is not there",
     .severity = SEVERITY_LOST_CPU,
     .since = V0_2,
     .until = V1_0,
     .cpus = 2,
     .run = has_mandatory_0_2},
    {.name = "version-no-newer-functions",
     .clause = "Return codes, NOT_SUPPORTED",
     .consequence = "a guest that probes by calling takes the server for another than it is",
     .severity = SEVERITY_COSMETIC,
     .since = V0_2,
     .run = has_no_newer},
};

const struct family version_family = {"version", scenarios, COUNT_OF(scenarios)};
