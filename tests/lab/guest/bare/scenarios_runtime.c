/* SPDX-License-Identifier: BSD-2-Clause */
/* The runtime that scenarios use, tested alone on a new machine. */
#include <stddef.h>

#include "gic.h"
#include "guest_scenario.h"
#include "layout.h"
#include "level.h"
#include "psci.h"
#include "report.h"
#include "smp.h"
#include "state.h"
#include "suspend.h"
#include "sve.h"
#include "timer.h"

enum { SGI = 5, OTHER_SGI = 7, TIMER_MS = 30, RESCUE_MS = 1000 };

static void wait_pending(unsigned intid)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_frequency();

    while (!gic_is_pending(intid) && timer_now(TIMER_VIRTUAL) < end) {
    }
}

/* The other core: it reports that it is ready, waits for an SGI, and sends one back. */
static void answer_sgi(struct cpu *cpu)
{
    gic_init();
    gic_enable(SGI);
    smp_set_progress(cpu, 1);
    wait_pending(SGI);
    if (gic_take() == SGI) {
        gic_send(&cpus[0], OTHER_SGI);
    }
}

static void exchange(struct cpu *other)
{
    check_result(smp_start(other, answer_sgi, 0), RET_SUCCESS, "CPU_ON of another core");
    check(smp_wait_progress(other, 1), "it sets up its GIC");
    gic_enable(OTHER_SGI);
    check(gic_send(other, SGI), "an SGI can be sent to it");
    wait_pending(OTHER_SGI);
    check_equal(gic_take(), OTHER_SGI, "it answers with another");
    check(smp_wait_off(other), "and turns itself off");
}

static void drain(void)
{
    gic_enable(SGI);
    gic_send_to_self(SGI);
    gic_send_to_self(OTHER_SGI);
    suspend_arm(TIMER_PHYSICAL, 0);
    wait_pending(timer_intid(TIMER_PHYSICAL));
    check_equal(gic_private_pending(),
                1u << SGI | 1u << OTHER_SGI | 1u << timer_intid(TIMER_PHYSICAL),
                "two SGIs and a timer are pending");
    unsigned intid = gic_acknowledge();
    check(gic_is_active(intid), "one of them is taken, and not ended");
    gic_disable(OTHER_SGI);
    timer_stop(TIMER_PHYSICAL);
    check(gic_drain(), "draining leaves nothing");
    check_equal(gic_take(), GIC_SPURIOUS, "there is nothing to take");
    gic_send_to_self(SGI);
    check_equal(gic_take(), SGI, "what comes afterwards comes through");
}

SCENARIO(runtime_gic, "runtime-gic", "", "this program's own use of the interrupt controller")
{
    remark("%s, at EL%u", gic_name(), level_own());
    if (cpu_count > 1) {
        exchange(&cpus[1]);
    }
    drain();
}

static void take_timer(struct cpu *cpu)
{
    (void)cpu;
    for (enum timer timer = TIMER_VIRTUAL; timer <= TIMER_PHYSICAL; timer++) {
        if ((timer_control(timer) & TIMER_CTL_FIRED) != 0) {
            timer_stop(timer);
        }
    }
    gic_take();
}

/*
 * The virtual timer ends a standby: its interrupt is taken after the call's return and before
 * psci_call() masks it. The other timer is for the case that the first fires before the call.
 */
static void interrupted_caller(bool big_endian)
{
    struct cpu *self = smp_self();
    uint64_t taken = self->interrupts;
    struct psci_call call;

    self->interrupt = take_timer;
    suspend_arm(TIMER_VIRTUAL, TIMER_MS);
    suspend_arm(TIMER_PHYSICAL, RESCUE_MS);
    psci_prepare(&call, FID64(FN_CPU_SUSPEND), 0, 0, 0);
    call.sctlr |= big_endian ? SCTLR_EE : 0;
    call.daif = 0;
    psci_call(&call);
    timer_stop(TIMER_PHYSICAL);
    self->interrupt = NULL;
    check_result(psci_result(&call), RET_SUCCESS, "standby returns");
    check_at_least(self->interrupts - taken, 1, "interrupt", "an interrupt is taken on the way");
    check_none(psci_registers_problem(&call), "and changes no register");
}

SCENARIO(runtime_caller, "runtime-caller", "",
         "a call by a core that takes interrupts, little-endian and big-endian")
{
    interrupted_caller(false);
    interrupted_caller(true);
    check(gic_drain(), "nothing is left of them");
}

static struct sve_state sve_before;
static struct sve_state sve_after;

static void compare_sve(void)
{
    sve_fill(&sve_before, 3);
    sve_read(&sve_after);
    check_none(sve_difference(&sve_before, &sve_after), "they hold what they are given");
    psci_version();
    sve_read(&sve_after);
    check_none(sve_difference(&sve_before, &sve_after), "PSCI_VERSION changes none of them");
    state_fill_fp(1); /* which clears all of the vectors above */
    sve_read(&sve_after);
    check(sve_difference(&sve_before, &sve_after) != NULL, "a change of the vectors is seen");
    sve_fill(&sve_before, 4);
    sve_after = sve_before;
    sve_after.p[0] ^= 1;
    sve_load(&sve_after);
    sve_read(&sve_after);
    check(sve_difference(&sve_before, &sve_after) != NULL, "a change of one bit is seen");
}

SCENARIO(runtime_sve, "runtime-sve", "", "this program's own use of the SVE registers")
{
    if (!sve_prepare()) {
        skip("SVE registers", "this core has none");
        return;
    }
    remark("vectors of %lu bytes", sve_length());
    compare_sve();
}
