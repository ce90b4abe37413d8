/* SPDX-License-Identifier: BSD-2-Clause */
/* Machines with very many cores. */
#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "report.h"
#include "smp.h"
#include "suspend.h"
#include "timer.h"

#define CONTEXT UINT64_C(0x5ca1ab1e0ddba115)

/* The boot core is off, so this core ends the report. */
static void from_last(struct cpu *cpu)
{
    struct psci_call call;

    check(smp_wait_off(&cpus[0]), "the boot core is off");
    check(gic_init(), "the last core finds its redistributor");
    suspend_prepare(&call, SUSPEND_64, (uint64_t)(uintptr_t)entry_point, CONTEXT);
    suspend_remark(&call);
    suspend_arm(TIMER_VIRTUAL, args_number("ms", 100));
    if (suspend_check_resumed(suspend_call(&call), &call, "its timer ends its SYSTEM_SUSPEND")) {
        check(smp_self() == cpu, "it is the core that called");
        suspend_check_entry(&cpu->entry, CONTEXT, false);
    }
    report_end();
}

SCENARIO(last_core, "last-core", "ms=100",
         "the last core alone: its place in the GIC, its timer, SYSTEM_SUSPEND by it (2 cores)")
{
    if (!check_at_least(cpu_count, 2, "cores", "there is another core")) {
        return;
    }
    check_result(smp_start(&cpus[cpu_count - 1], from_last, CONTEXT), RET_SUCCESS,
                 "the last core starts");
    psci_call2(FID32(FN_CPU_OFF), 0, 0);
    check(false, "CPU_OFF does not return");
}
