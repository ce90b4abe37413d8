/* SPDX-License-Identifier: BSD-2-Clause */
#include "state.h"

#include <stddef.h>

#include "gic.h"
#include "level.h"
#include "pattern.h"
#include "string.h"
#include "sysreg.h"
#include "timer.h"

/*
 * Left out: FAR_EL1, CONTEXTIDR_EL1 (which may be names of EL2's), TPIDR_EL0 and TPIDRRO_EL0, which
 * psci_call() uses itself; SCTLR_EL1, SP_EL0 and PSTATE, which it compares itself. TIMER_CTL_FIRED
 * is not state: it comes with time.
 */
// clang-format off: it would make stairs of these lists
#define SYSTEM_REGISTERS(X)                                                                        \
    X(ttbr0_el1) X(ttbr1_el1) X(tcr_el1) X(mair_el1) X(amair_el1) X(vbar_el1) X(cpacr_el1)         \
    X(elr_el1) X(spsr_el1) X(esr_el1) X(tpidr_el1) X(mdscr_el1) X(csselr_el1) X(afsr0_el1)         \
    X(afsr1_el1) X(cntkctl_el1)

/* Besides, of a core at EL2. */
#define EL2_REGISTERS(X)                                                                           \
    X(hcr_el2) X(cptr_el2) X(mdcr_el2) X(cnthctl_el2) X(cntvoff_el2) X(ttbr0_el2) X(tcr_el2)       \
    X(mair_el2) X(vbar_el2) X(elr_el2) X(spsr_el2) X(esr_el2) X(tpidr_el2) X(vpidr_el2)            \
    X(vmpidr_el2) X(vttbr_el2) X(vtcr_el2)

#define NUMBER(name) STATE_##name,

/* Where each is in `system`. */
enum {
    SYSTEM_REGISTERS(NUMBER)
    EL2_REGISTERS(NUMBER)
    STATE_CNTV_CTL,
    STATE_CNTP_CTL,
    STATE_CNTV_CVAL,
    STATE_CNTP_CVAL,
    STATE_ENABLED,
    STATE_PENDING,
    STATE_GIC_SETTINGS,
    STATE_COUNT = STATE_GIC_SETTINGS + GIC_SETTING_MAX,
};

_Static_assert(STATE_SYSTEM_MAX - STATE_COUNT >= 0, "state.h");

#define NAME(name) #name " differs",

static const char *const names[STATE_SYSTEM_MAX] = {
    SYSTEM_REGISTERS(NAME)
    EL2_REGISTERS(NAME)
    [STATE_CNTV_CTL] = "the virtual timer's control differs",
    [STATE_CNTP_CTL] = "the physical timer's control differs",
    [STATE_CNTV_CVAL] = "cntv_cval_el0 differs",
    [STATE_CNTP_CVAL] = "cntp_cval_el0 differs",
    [STATE_ENABLED] = "the enabled private interrupts differ",
    [STATE_PENDING] = "the pending private interrupts differ",
};
// clang-format on

static uint64_t timer_settings(enum timer timer)
{
    return timer_control(timer) & (TIMER_CTL_ENABLE | TIMER_CTL_MASKED);
}

/* The level of the timers' interrupts is a matter of time. */
static uint64_t pending_interrupts(void)
{
    return gic_private_pending() &
           ~(1u << timer_intid(TIMER_VIRTUAL) | 1u << timer_intid(TIMER_PHYSICAL));
}

void state_fill_fp(uint64_t seed)
{
    struct fp_state state;

    for (size_t i = 0; i < sizeof(state.v) / sizeof(state.v[0]); i++) {
        state.v[i] = pattern_random(&seed);
    }
    state.fpcr = 1u << 22;           /* round towards plus infinity */
    state.fpsr = 1u << 27 | 1u << 4; /* saturation has occurred; inexact */
    fp_load(&state);
}

#define READ(name) state->system[STATE_##name] = READ_SYSREG(name);

void state_read_core(struct core_state *state)
{
    fp_store(&state->fp);
    memset(state->system, 0, sizeof(state->system));
    SYSTEM_REGISTERS(READ)
    if (level_own() == 2) {
        EL2_REGISTERS(READ)
    }
}

void state_read(struct core_state *state)
{
    state_read_core(state);
    state->system[STATE_CNTV_CTL] = timer_settings(TIMER_VIRTUAL);
    state->system[STATE_CNTP_CTL] = timer_settings(TIMER_PHYSICAL);
    state->system[STATE_CNTV_CVAL] = timer_deadline(TIMER_VIRTUAL);
    state->system[STATE_CNTP_CVAL] = timer_deadline(TIMER_PHYSICAL);
    state->system[STATE_ENABLED] = gic_private_enabled();
    state->system[STATE_PENDING] = pending_interrupts();
    for (unsigned i = 0; i < gic_setting_count(); i++) {
        state->system[STATE_GIC_SETTINGS + i] = gic_setting(i);
    }
}

const char *state_difference(const struct core_state *before, const struct core_state *after)
{
    if (memcmp(before->fp.v, after->fp.v, sizeof(before->fp.v)) != 0) {
        return "a SIMD register differs";
    }
    if (before->fp.fpcr != after->fp.fpcr || before->fp.fpsr != after->fp.fpsr) {
        return "FPCR or FPSR differs";
    }
    for (unsigned i = 0; i < STATE_SYSTEM_MAX; i++) {
        if (before->system[i] != after->system[i]) {
            return i < STATE_GIC_SETTINGS ? names[i] : gic_setting_problem(i - STATE_GIC_SETTINGS);
        }
    }
    return NULL;
}
