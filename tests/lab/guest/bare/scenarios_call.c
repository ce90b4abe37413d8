/* SPDX-License-Identifier: BSD-2-Clause */
/* Single calls: version, features, and function IDs without a meaning. */
#include <stddef.h>

#include "args.h"
#include "guest_scenario.h"
#include "psci.h"
#include "report.h"

enum { FUNCTION_COUNT = 0x20 };

#define VERSION_MAJOR_SHIFT 16
#define VERSION_MINOR_MASK  0xffff

SCENARIO(version, "version", "version=MAJOR.MINOR", "PSCI_VERSION is what it is to be")
{
    struct psci_call call;

    psci_prepare(&call, FID32(FN_VERSION), 0, 0, 0);
    psci_call(&call);
    uint64_t version = (uint64_t)psci_result(&call);

    remark("PSCI %lu.%lu", version >> VERSION_MAJOR_SHIFT, version & VERSION_MINOR_MASK);
    check(version >= V0_2 && version >> 31 == 0, "it is a version");
    check_equal(version, args_version("version", version), "it is the one asked for");
    check_none(psci_registers_problem(&call), "the other registers are as they were");
    check_result(psci_call2(FID64(FN_VERSION), 0, 0), RET_NOT_SUPPORTED,
                 "there is no SMC64 form of it");
    int64_t migrate = psci_call2(FID32(FN_MIGRATE_INFO_TYPE), 0, 0);
    check(migrate == 2 || migrate == RET_NOT_SUPPORTED,
          "MIGRATE_INFO_TYPE: no Trusted OS, or NOT_SUPPORTED");
}

/* Whether PSCI has a SMC64 form of each function (DEN0022 5.1). */
static bool has_wide_form(uint32_t function)
{
    switch (function) {
    case FID32(FN_CPU_SUSPEND):
    case FID32(FN_CPU_ON):
    case FID32(FN_AFFINITY_INFO):
    case FID32(FN_MIGRATE):
    case FID32(FN_MIGRATE_INFO_UP_CPU):
    case FID32(FN_CPU_DEFAULT_SUSPEND):
    case FID32(FN_NODE_HW_STATE):
    case FID32(FN_SYSTEM_SUSPEND):
    case FID32(FN_STAT_RESIDENCY):
    case FID32(FN_STAT_COUNT):
    case FID32(FN_SYSTEM_RESET2):
    case FID32(FN_MEM_PROTECT_CHECK_RANGE):
    case FID32(FN_SYSTEM_OFF2):
        return true;
    default:
        return false;
    }
}

static int64_t features(uint32_t function)
{
    return psci_call2(FID32(FN_FEATURES), function, 0);
}

static void check_mandatory(void)
{
    static const uint32_t mandatory[] = {
        FID32(FN_VERSION),       FID32(FN_CPU_SUSPEND),   FID64(FN_CPU_SUSPEND),
        FID32(FN_CPU_OFF),       FID32(FN_CPU_ON),        FID64(FN_CPU_ON),
        FID32(FN_AFFINITY_INFO), FID64(FN_AFFINITY_INFO), FID32(FN_SYSTEM_OFF),
        FID32(FN_SYSTEM_RESET),  FID32(FN_FEATURES),
    };
    const size_t count = sizeof(mandatory) / sizeof(mandatory[0]);

    for (size_t i = 0; i < count; i++) {
        if (features(mandatory[i]) < 0) {
            check(false, "all mandatory functions are there");
            remark("0x%x is not", mandatory[i]);
            return;
        }
    }
    check(true, "all mandatory functions are there");
}

/* Flags but 0 exist for two functions only: CPU_SUSPEND has bits 0 and 1, SYSTEM_OFF2 bit 0. */
static bool flags_are_legal(uint32_t function, int64_t flags)
{
    switch (function & ~SMC64_BIT) {
    case FID32(FN_CPU_SUSPEND):
        return flags <= 3;
    case FID32(FN_SYSTEM_OFF2):
        return flags == 1;
    default:
        return flags == 0;
    }
}

/* Compares PSCI_FEATURES of one ID with the result of a call, if the call does no harm. */
static const char *disagreement(uint32_t function)
{
    int64_t flags = features(function);
    bool wide = (function & SMC64_BIT) != 0;

    if (flags < 0) {
        bool exists = psci_call3(function, UINT64_MAX, 1, 0) != RET_NOT_SUPPORTED;

        return flags != RET_NOT_SUPPORTED ? "FEATURES gives another error than NOT_SUPPORTED"
               : exists                   ? "FEATURES denies a function that answers"
                                          : NULL;
    }
    if (wide && !has_wide_form(function & ~SMC64_BIT)) {
        return "FEATURES claims an SMC64 form that does not exist";
    }
    if (!flags_are_legal(function, flags)) {
        return "FEATURES gives flags that do not exist";
    }
    return wide && features(function & ~SMC64_BIT) < 0 ? "only the SMC64 form is there" : NULL;
}

SCENARIO(features_scenario, "features", "suspend=yes|no",
         "PSCI_FEATURES agrees with what the calls do (1.0 and later)")
{
    const char *problem = NULL;
    uint32_t function = 0;

    if (psci_version() < V1_0) {
        check_result(features(FID32(FN_VERSION)), RET_NOT_SUPPORTED, "0.2 has no PSCI_FEATURES");
        check_result(psci_call2(FID64(FN_SYSTEM_SUSPEND), 0, 0), RET_NOT_SUPPORTED,
                     "nor SYSTEM_SUSPEND");
        return;
    }
    check_mandatory();
    for (uint32_t i = 0; i < 2 * FUNCTION_COUNT && problem == NULL; i++) {
        function = (FID32(FN_VERSION) + i / 2) | (i % 2 != 0 ? SMC64_BIT : 0);
        problem = disagreement(function);
    }
    if (!check_none(problem, "it agrees with the calls")) {
        remark("function 0x%x", function);
    }
    check_result(features(0xc400a011), RET_NOT_SUPPORTED, "a foreign ID: NOT_SUPPORTED");
    check_result(features(0x04000000), RET_NOT_SUPPORTED, "a yielding call: NOT_SUPPORTED");
    check_result(features(FID_SMCCC_VERSION), 0, "SMCCC_VERSION is there");
    if (args_is("suspend", "yes") || args_is("suspend", "no")) {
        check_equal(psci_has(FID32(FN_SYSTEM_SUSPEND)), args_is("suspend", "yes"),
                    "SYSTEM_SUSPEND is offered as configured");
    }
}

static void expect_unknown(uint32_t function)
{
    struct psci_call call;

    psci_prepare(&call, function, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    psci_call(&call);
    const char *problem = psci_registers_problem(&call);
    bool refused = (int32_t)call.out[0] == RET_NOT_SUPPORTED;

    if (!check(refused && problem == NULL, "an ID that means nothing: NOT_SUPPORTED")) {
        remark("0x%x: x0 0x%lx, %s", function, call.out[0], problem != NULL ? problem : "");
    }
}

SCENARIO(unknown, "unknown", "",
         "function IDs that mean nothing are answered NOT_SUPPORTED and change no register")
{
    static const uint32_t ids[] = {
        0x00000000, 0x00000539, 0x04000000, 0x7fffffff, 0x8000ffff, 0x8400001f,
        0x84001234, 0x8400ffff, 0x84010000, 0x84ff0008, 0x8500ffff, 0x8600ffff,
        0x95c1ba5e, 0x95c1ba5f, 0x95c1ba60, 0x95c1ba61, 0xb200ffff, 0xbf00ff00,
        0xc400001f, 0xc4000008, 0xc4000009, 0xc400ffff, 0xffffffff,
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        expect_unknown(ids[i]);
    }
}
