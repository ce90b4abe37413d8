/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All cores make one call for ever, as fast as they can, to see whether they can stall what is beneath them. With ms=N
 * the first core turns the machine off after that time.
 */
#include "args.h"
#include "guest_scenario.h"
#include "report.h"
#include "smp.h"
#include "timer.h"

static uint64_t flood_end; /* of the first core, by the virtual counter */
static uint64_t flood_calls;

static bool flood_goes_on(const struct cpu *cpu)
{
    flood_calls += cpu == &cpus[0];
    return cpu != &cpus[0] || timer_now(TIMER_VIRTUAL) < flood_end;
}

static void flood_none(struct cpu *cpu)
{
    while (flood_goes_on(cpu)) {
    }
}

/* Refused each time: the other cores are on. */
static void flood_suspend(struct cpu *cpu)
{
    while (flood_goes_on(cpu)) {
        psci_call2(FID64(FN_SYSTEM_SUSPEND), (uint64_t)(uintptr_t)entry_point, 0);
    }
}

/* Core 0 starts all others for ever; each of those starts the next few, and goes off. */
static void flood_power(struct cpu *cpu)
{
    uint32_t self = (uint32_t)(cpu - cpus);
    uint32_t count = self == 0 ? 0 : 2;

    for (uint32_t i = 1; count == 0 ? flood_goes_on(cpu) : i <= count; i++) {
        const struct cpu *other = &cpus[(self + i) % cpu_count];

        if (other != &cpus[0]) {
            psci_call3(FID64(FN_CPU_ON), other->mpidr, (uint64_t)(uintptr_t)entry_point, 0);
        }
    }
}

SCENARIO(flood, "flood", "call=suspend|power ms=0",
         "all cores call SYSTEM_SUSPEND for ever, or go on and off, or only spin")
{
    void (*function)(struct cpu *cpu) = flood_none;
    uint64_t ms = args_number("ms", 0);

    flood_end = ms == 0 ? UINT64_MAX : timer_now(TIMER_VIRTUAL) + timer_milliseconds(ms);
    if (args_is("call", "suspend")) {
        function = flood_suspend;
    } else if (args_is("call", "power")) {
        function = flood_power;
    }
    for (uint32_t i = 1; i < cpu_count; i++) {
        smp_start(&cpus[i], function, 0); /* Another core may have been first. */
    }
    remark("flooding");
    function(&cpus[0]);
    check_at_least(flood_calls, 10, "calls", "the first core gets on");
}
