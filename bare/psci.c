/* SPDX-License-Identifier: BSD-2-Clause */
#include "psci.h"

#include <stddef.h>

#include "layout.h"
#include "level.h"
#include "platform.h"
#include "string.h"

#define CHECK_OFFSET(field, offset)                                                                \
    _Static_assert(offsetof(struct psci_call, field) == (offset), "layout.h: " #field)

CHECK_OFFSET(in, CALL_IN);
CHECK_OFFSET(out, CALL_OUT);
CHECK_OFFSET(smc, CALL_SMC);
CHECK_OFFSET(sctlr, CALL_SCTLR);
CHECK_OFFSET(daif, CALL_DAIF);
CHECK_OFFSET(spsel, CALL_SPSEL);
CHECK_OFFSET(sp_el0, CALL_SP_EL0);
CHECK_OFFSET(sctlr_after, CALL_SCTLR_AFTER);
CHECK_OFFSET(daif_after, CALL_DAIF_AFTER);
CHECK_OFFSET(spsel_after, CALL_SPSEL_AFTER);
CHECK_OFFSET(sp_moved, CALL_SP_MOVED);
CHECK_OFFSET(resumes, CALL_RESUMES);

#define PATTERN UINT64_C(0xa5a5c3c300000000)

void psci_prepare(struct psci_call *call, uint32_t function, uint64_t first, uint64_t second,
                  uint64_t third)
{
    memset(call, 0, sizeof(*call));
    for (unsigned i = 0; i < CALL_REGISTERS; i++) {
        call->in[i] = PATTERN | (uint64_t)i << 8 | i;
    }
    call->in[0] = function;
    call->in[1] = first;
    call->in[2] = second;
    call->in[3] = third;
    call->smc = platform.psci_smc || level_own() == 2;
    call->sctlr = level_sctlr();
    call->daif = DAIF_ALL;
    call->spsel = 1;
    call->sp_el0 = PATTERN;
    call->resumes = function != FID32(FN_CPU_OFF);
}

int64_t psci_result(const struct psci_call *call)
{
    return (call->in[0] & SMC64_BIT) != 0 ? (int64_t)call->out[0] : (int32_t)call->out[0];
}

int64_t psci_call3(uint32_t function, uint64_t first, uint64_t second, uint64_t third)
{
    struct psci_call call;

    psci_prepare(&call, function, first, second, third);
    psci_call(&call);
    return psci_result(&call);
}

int64_t psci_call2(uint32_t function, uint64_t first, uint64_t second)
{
    return psci_call3(function, first, second, 0);
}

static const char *const register_names[CALL_REGISTERS] = {
    "x0 differs",  "x1 differs",  "x2 differs",  "x3 differs",  "x4 differs",  "x5 differs",
    "x6 differs",  "x7 differs",  "x8 differs",  "x9 differs",  "x10 differs", "x11 differs",
    "x12 differs", "x13 differs", "x14 differs", "x15 differs", "x16 differs", "x17 differs",
    "x18 differs", "x19 differs", "x20 differs", "x21 differs", "x22 differs", "x23 differs",
    "x24 differs", "x25 differs", "x26 differs", "x27 differs", "x28 differs", "x29 differs",
    "x30 differs",
};

/*
 * x1-x3 can carry results. A call without results keeps them, clears them, or, in an SMC32 call,
 * clears the upper halves of arguments.
 */
enum { RESULT_REGISTERS = 4 };

static bool register_survived(const struct psci_call *call, unsigned i)
{
    bool narrow = (call->in[0] & SMC64_BIT) == 0;

    if (call->out[i] == call->in[i]) {
        return true;
    }
    return i < RESULT_REGISTERS &&
           (call->out[i] == 0 || (narrow && call->out[i] == (uint32_t)call->in[i]));
}

const char *psci_registers_problem(const struct psci_call *call)
{
    for (unsigned i = 1; i < CALL_REGISTERS; i++) {
        if (!register_survived(call, i)) {
            return register_names[i];
        }
    }
    if (call->sp_moved != 0) {
        return "a stack pointer differs";
    }
    if (call->sctlr_after != call->sctlr) {
        return level_own() == 2 ? "SCTLR_EL2 differs" : "SCTLR_EL1 differs";
    }
    if (call->daif_after != call->daif) {
        return "PSTATE.DAIF differs";
    }
    return call->spsel_after != call->spsel ? "PSTATE.SP differs" : NULL;
}

uint64_t psci_version(void)
{
    return (uint64_t)psci_call2(FID32(FN_VERSION), 0, 0);
}

bool psci_has(uint32_t function)
{
    return psci_version() >= V1_0 && psci_call2(FID32(FN_FEATURES), function, 0) >= 0;
}
