/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cost of PSCI calls in nanoseconds of the virtual counter; these are instructions if the lab's
 * processor counts them. `./dev bench psci` prints the figures; nothing is checked here.
 */
#include <stddef.h>

#include "exceptions.h"
#include "gic.h"
#include "guest_scenario.h"
#include "layout.h"
#include "mmio.h"
#include "platform.h"
#include "psci.h"
#include "report.h"
#include "rest.h"
#include "smp.h"
#include "suspend.h"
#include "sysreg.h"
#include "timer.h"

enum { SGI = 5, NOBODY = 0x0b000000, BATCHES = 32, BATCH = 32, SETTLING = 10 /* ms */ };

enum { ISR_IRQ = 1u << 7, AHEAD = 1 /* ms */ };

static uint64_t nanoseconds(uint64_t ticks)
{
    return ticks * 1000000000 / timer_frequency();
}

static uint64_t usual_entry(void)
{
    return (uint64_t)(uintptr_t)entry_point;
}

/*
 * The minimum of many measurements, because other work of the host, such as clock ticks, only adds
 * to them.
 */
struct least {
    uint64_t start;
    uint64_t ticks;
};

static struct least nothing_yet(void)
{
    return (struct least){.ticks = UINT64_MAX};
}

static void begin(struct least *least)
{
    least->start = timer_now(TIMER_VIRTUAL);
}

static void end(struct least *least, uint64_t end)
{
    if (end - least->start < least->ticks) {
        least->ticks = end - least->start;
    }
}

static void tell(const char *name, const struct least *least, uint64_t calls)
{
    remark("bench %s %lu", name, nanoseconds(least->ticks) / calls);
}

/*
 * The call alone; psci_call() and similar functions also check every register. An SMC is made at EL2
 * only: where the device tree asks for it below that, these figures are those of a HVC.
 */
static uint64_t bare_call(uint64_t function, uint64_t first, uint64_t second, uint64_t third,
                          bool smc)
{
    register uint64_t x0 __asm__("x0") = function;
    register uint64_t x1 __asm__("x1") = first;
    register uint64_t x2 __asm__("x2") = second;
    register uint64_t x3 __asm__("x3") = third;

    if (smc) {
        __asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    } else {
        __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
    }
    return x0;
}

/* The cost of a call that only returns a constant. */
static void measure_call(const char *name, uint32_t function, uint64_t first)
{
    struct least least = nothing_yet();
    bool smc = sysreg_is_el2();

    for (unsigned i = 0; i < BATCHES; i++) {
        begin(&least);
        for (unsigned call = 0; call < BATCH; call++) {
            bare_call(function, first, 0, 0, smc);
        }
        end(&least, timer_now(TIMER_VIRTUAL));
    }
    tell(name, &least, BATCH);
}

/* Other servers than dormouse give the guest an exception. */
static bool nobody_answers(void)
{
    exceptions_expect();
    mmio_read32(NOBODY);
    return !exceptions_seen();
}

/* The exit to the monitor and back, which is part of every call that the monitor answers. */
static void measure_exit(void)
{
    struct least least = nothing_yet();

    if (!nobody_answers()) {
        return;
    }
    for (unsigned i = 0; i < BATCHES; i++) {
        begin(&least);
        for (unsigned call = 0; call < BATCH; call++) {
            mmio_read32(NOBODY);
        }
        end(&least, timer_now(TIMER_VIRTUAL));
    }
    tell("bare-exit", &least, BATCH);
}

static void measure_start(void)
{
    struct least least = nothing_yet();

    for (unsigned i = 1; i <= BATCHES; i++) {
        begin(&least);
        if (smp_start(&cpus[1], NULL, i) != RET_SUCCESS || !smp_wait_arrivals(&cpus[1], i) ||
            !smp_wait_off(&cpus[1])) {
            check(false, "the other core starts and goes off");
            return;
        }
        end(&least, cpus[1].entry.counter);
    }
    tell("cpu-on-to-entry", &least, 1);
}

/* Where a core starts that only notes the time, at x0, and turns itself off: by HVC, or by SMC. */
extern const uint8_t bench_start_hvc[];
extern const uint8_t bench_start_smc[];
__asm__(".globl bench_start_hvc, bench_start_smc\n"
        ".hidden bench_start_hvc, bench_start_smc\n"
        "bench_start_hvc:\n\t"
        "mrs x1, cntvct_el0\n\t"
        "str x1, [x0]\n\t"
        "dsb sy\n\t"
        "mov w0, #0x2\n\t" /* CPU_OFF */
        "movk w0, #0x8400, lsl #16\n\t"
        "hvc #0\n\t"
        "b .\n"
        "bench_start_smc:\n\t"
        "mrs x1, cntpct_el0\n\t"
        "str x1, [x0]\n\t"
        "dsb sy\n\t"
        "mov w0, #0x2\n\t"
        "movk w0, #0x8400, lsl #16\n\t"
        "smc #0\n\t"
        "b .\n");

/*
 * From the call to the first instruction of the core that it starts. Where cores share one processor,
 * as with -icount, what the caller does meanwhile would count too: it gives its turn away.
 */
static void measure_first_instruction(void)
{
    static volatile uint64_t first;
    bool smc = sysreg_is_el2();
    uint64_t entry = (uint64_t)(uintptr_t)(smc ? bench_start_smc : bench_start_hvc);
    struct least least = nothing_yet();

    gic_enable(timer_intid(TIMER_VIRTUAL));
    for (unsigned i = 0; i < BATCHES; i++) {
        timer_arm(TIMER_VIRTUAL, timer_now(TIMER_VIRTUAL) + timer_milliseconds(AHEAD));
        begin(&least);
        bare_call(FID64(FN_CPU_ON), cpus[1].mpidr, entry, (uint64_t)(uintptr_t)&first, smc);
        __asm__ volatile("wfi" ::: "memory");
        timer_stop(TIMER_VIRTUAL);
        gic_take();
        if (!smp_wait_off(&cpus[1]) || first < least.start) {
            check(false, "the other core notes the time and goes off");
            return;
        }
        end(&least, first);
    }
    gic_disable(timer_intid(TIMER_VIRTUAL));
    tell("cpu-on-to-first", &least, 1);
}

static void measure_standby(void)
{
    struct least least = nothing_yet();
    bool smc = sysreg_is_el2();

    gic_enable(SGI);
    for (unsigned i = 0; i < BATCHES; i++) {
        gic_send_to_self(SGI);
        begin(&least);
        uint64_t result = bare_call(FID64(FN_CPU_SUSPEND), 0, usual_entry(), 0, smc);
        end(&least, timer_now(TIMER_VIRTUAL));
        gic_take();
        if ((int64_t)result != RET_SUCCESS) {
            remark("no standby state has the value 0");
            return;
        }
    }
    tell("cpu-suspend-pending", &least, 1);
}

/* Until the core would take an interrupt, if it did not mask them. */
static void wait_for_interrupt(void)
{
    uint64_t pending;

    do {
        pending = READ_SYSREG(isr_el1);
    } while ((pending & ISR_IRQ) == 0);
}

/* From the timer's deadline, while the core is busy. */
static void measure_timer_interrupt(void)
{
    struct least least = nothing_yet();
    unsigned intid = timer_intid(TIMER_VIRTUAL);

    gic_enable(intid);
    for (unsigned i = 0; i < BATCHES; i++) {
        least.start = timer_now(TIMER_VIRTUAL) + timer_milliseconds(AHEAD);
        timer_arm(TIMER_VIRTUAL, least.start);
        wait_for_interrupt();
        end(&least, timer_now(TIMER_VIRTUAL));
        timer_stop(TIMER_VIRTUAL);
        gic_take();
    }
    gic_disable(intid);
    tell("timer-interrupt", &least, 1);
}

/* From the write that sends an SGI. */
static void measure_sgi(void)
{
    struct least least = nothing_yet();

    gic_enable(SGI);
    for (unsigned i = 0; i < BATCHES; i++) {
        begin(&least);
        gic_send_to_self(SGI);
        wait_for_interrupt();
        end(&least, timer_now(TIMER_VIRTUAL));
        gic_take();
    }
    tell("sgi-to-self", &least, 1);
}

/*
 * The wake is already pending, so this measures everything but the sleep. The delay lets the
 * threads of the other vCPUs return into the guest after the last sleep. Otherwise some of them
 * would not have to be taken out again, and the figure would depend on how many those are.
 */
static void measure_system_suspend(void)
{
    struct least least = nothing_yet();
    struct cpu *self = smp_self();
    struct psci_call call;

    for (unsigned i = 0; i < BATCHES; i++) {
        rest_milliseconds(SETTLING);
        gic_enable(SGI);
        gic_send_to_self(SGI);
        suspend_prepare(&call, SUSPEND_64, usual_entry(), i);
        begin(&least);
        if (!suspend_call(&call)) {
            check(false, "SYSTEM_SUSPEND comes back at its entry point");
            return;
        }
        end(&least, self->entry.counter);
        gic_take();
    }
    tell("system-suspend", &least, 1);
}

/* Servers differ in what they offer. */
static void measure_common_calls(void)
{
    measure_call("psci-version", FID32(FN_VERSION), 0);
    measure_call("affinity-info", FID64(FN_AFFINITY_INFO), cpus[cpu_count - 1].mpidr);
    if (psci_has(FID64(FN_CPU_SUSPEND))) {
        measure_standby();
    }
    measure_timer_interrupt();
    measure_sgi();
    if (psci_has(FID64(FN_SYSTEM_SUSPEND))) {
        measure_system_suspend();
    }
    if (cpu_count > 1) {
        measure_start();
    }
}

SCENARIO(bench_calls, "bench-calls", "",
         "what PSCI calls and interrupts cost on any machine; judges nothing")
{
    measure_common_calls();
    if (cpu_count > 1) {
        measure_first_instruction();
    }
    check(true, "all was measured");
}

SCENARIO(bench_psci, "bench-psci", "",
         "what PSCI calls cost, in nanoseconds of the counter; judges nothing")
{
    measure_exit();
    measure_common_calls();
    check(true, "all was measured");
}
