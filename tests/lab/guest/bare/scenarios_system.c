/* SPDX-License-Identifier: BSD-2-Clause */
/* Power-off and reset of the machine. */
#include <stddef.h>

#include "args.h"
#include "guest_scenario.h"
#include "pattern.h"
#include "platform.h"
#include "report.h"
#include "rtc.h"
#include "smp.h"
#include "suspend.h"

#define MARKER UINT64_C(0x6d61726b65720000)

enum { WARM_RESET = 0, HIBERNATE_OFF = 1, OFF2_FLAG_HIBERNATE = 1 };

static void stay(struct cpu *cpu)
{
    smp_set_progress(cpu, 1);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

static void end_from_secondary(struct cpu *cpu)
{
    smp_wait_command(cpu, 1); /* One core speaks at a time. */
    report_end();
}

SCENARIO(off, "off", "from=boot|secondary",
         "SYSTEM_OFF, with all other cores on where there are any")
{
    for (uint32_t i = 1; i < cpu_count; i++) {
        bool ends = args_is("from", "secondary") && i == cpu_count - 1;

        check_result(smp_start(&cpus[i], ends ? end_from_secondary : stay, 0), RET_SUCCESS,
                     "CPU_ON of another core");
        if (ends) {
            smp_set_command(&cpus[i], 1);
            stay(smp_self());
        }
        check(smp_wait_progress(&cpus[i], 1), "it runs");
    }
    check(true, "about to call SYSTEM_OFF");
}

SCENARIO(off2, "off2", "", "SYSTEM_OFF2: bad arguments are refused, HIBERNATE_OFF ends the machine")
{
    if (psci_call2(FID32(FN_FEATURES), FID64(FN_SYSTEM_OFF2), 0) != OFF2_FLAG_HIBERNATE) {
        skip("SYSTEM_OFF2", "PSCI_FEATURES does not offer it");
        return;
    }
    check_result(psci_call2(FID64(FN_SYSTEM_OFF2), 2, 0), RET_INVALID_PARAMETERS,
                 "type 2: INVALID_PARAMETERS");
    check_result(psci_call2(FID64(FN_SYSTEM_OFF2), HIBERNATE_OFF, 1), RET_INVALID_PARAMETERS,
                 "a cookie: INVALID_PARAMETERS");
    check(true, "about to call SYSTEM_OFF2");
    report_plan();
    psci_call2(FID64(FN_SYSTEM_OFF2), HIBERNATE_OFF, 0);
    check(false, "SYSTEM_OFF2 does not return");
}

/*
 * The number that the clock keeps over a reset counts the checks, so that numbering continues, and
 * the boots. Returns true if this is boot `*boot`, counted from 1.
 */
enum { BOOT_SHIFT = 8, CHECKS_MASK = 0xff };

static bool which_boot(unsigned *boot)
{
    uint32_t number;

    *boot = 1;
    if (!rtc_present()) {
        return check(false, "there is a clock to count the boots with");
    }
    if (rtc_find_number(&number)) {
        *boot = (number >> BOOT_SHIFT) + 1;
        report_continue(number & CHECKS_MASK);
    }
    remark("boot %u", *boot);
    return true;
}

static void leave_boot(unsigned boot)
{
    rtc_leave_number(boot << BOOT_SHIFT | report_count());
}

static void reset_returned(void)
{
    check(false, "the reset does not return");
}

/* Memory after image and stacks, up to the end of RAM, which a cold boot should find empty. */
static void check_memory_is_clear(void)
{
    check_equal(pattern_find_nonzero(platform_scratch()), 0, "memory is clear");
}

SCENARIO(
    reset_cold, "reset-cold", "reboots=1 vendor=TYPE cookie=0",
    "SYSTEM_RESET, or where given the vendor's SYSTEM_RESET2, starts the machine anew in place, "
    "its memory clear")
{
    uint64_t vendor = args_number("vendor", 0);
    unsigned boot;

    if (!which_boot(&boot)) {
        return;
    }
    check_memory_is_clear();
    for (uint32_t i = 1; i < cpu_count; i++) {
        if (smp_affinity(&cpus[i]) != AFFINITY_OFF) {
            check(false, "the other cores are off");
        }
        smp_start(&cpus[i], stay, 0);
    }
    if (boot > args_number("reboots", 1)) {
        return;
    }
    pattern_fill(platform_scratch(), MARKER);
    check(true, "about to reset");
    leave_boot(boot);
    if (vendor != 0) {
        psci_call2(FID64(FN_SYSTEM_RESET2), vendor, args_number("cookie", 0));
    } else {
        psci_call2(FID32(FN_SYSTEM_RESET), 0, 0);
    }
    reset_returned();
}

SCENARIO(reset_warm, "reset2-warm", "reboots=1 cookie=0",
         "SYSTEM_RESET2 with SYSTEM_WARM_RESET starts the machine anew and keeps its memory")
{
    unsigned boot;
    struct region scratch = platform_scratch();

    if (!psci_has(FID64(FN_SYSTEM_RESET2))) {
        skip("SYSTEM_RESET2", "PSCI_FEATURES does not offer it");
        return;
    }
    if (!which_boot(&boot)) {
        return;
    }
    if (boot > 1) {
        check_equal(pattern_find_damage(scratch, MARKER + boot - 1), 0, "memory is kept");
    }
    if (boot > args_number("reboots", 1)) {
        return;
    }
    pattern_fill(scratch, MARKER + boot);
    check(true, "about to call SYSTEM_RESET2");
    leave_boot(boot);
    psci_call2(FID64(FN_SYSTEM_RESET2), WARM_RESET, args_number("cookie", 0));
    reset_returned();
}

static int64_t check_range(uint64_t base, uint64_t size)
{
    return psci_call2(FID64(FN_MEM_PROTECT_CHECK_RANGE), base, size);
}

static void check_ranges(void)
{
    for (unsigned i = 0; i < platform.ram_count; i++) {
        struct region ram = platform.ram[i];

        check_result(check_range(ram.base, ram.size), RET_SUCCESS, "all of RAM is covered");
        check_result(check_range(ram.base + ram.size - 1, 1), RET_SUCCESS, "and its last byte");
        check_result(check_range(ram.base, ram.size + 1), RET_DENIED, "a byte more is DENIED");
    }
    check_result(check_range(platform.uart.base, 1), RET_DENIED, "a device is DENIED");
    check_result(check_range(platform.ram[0].base, 0), RET_DENIED, "an empty range is DENIED");
    check_result(check_range(UINT64_MAX, 2), RET_DENIED, "one that wraps around is DENIED");
}

SCENARIO(mem_protect, "mem-protect", "",
         "MEM_PROTECT: SYSTEM_RESET clears memory and leaves it on, SYSTEM_RESET2 turns it off")
{
    unsigned boot;
    struct region scratch = platform_scratch();

    if (!psci_has(FID32(FN_MEM_PROTECT))) {
        skip("MEM_PROTECT", "PSCI_FEATURES does not offer it");
        return;
    }
    if (!which_boot(&boot)) {
        return;
    }
    if (boot == 1) {
        check_result(psci_call2(FID32(FN_MEM_PROTECT), 1, 0), 0, "it was off");
        check_result(psci_call2(FID32(FN_MEM_PROTECT), 0, 0), 1, "it is turned off again");
        check_result(psci_call2(FID32(FN_MEM_PROTECT), 1, 0), 0, "and on");
        check_ranges();
    } else if (boot == 2) {
        check_memory_is_clear();
        check_result(psci_call2(FID32(FN_MEM_PROTECT), 1, 0), 1, "after SYSTEM_RESET it is on");
    } else {
        check_equal(pattern_find_damage(scratch, MARKER + boot - 1), 0,
                    "SYSTEM_RESET2 has kept memory");
        check_result(psci_call2(FID32(FN_MEM_PROTECT), 0, 0), 0, "and turned it off");
        return;
    }
    pattern_fill(scratch, MARKER + boot);
    leave_boot(boot);
    psci_call2(boot == 1 ? FID32(FN_SYSTEM_RESET) : FID64(FN_SYSTEM_RESET2), WARM_RESET, 0);
    reset_returned();
}

SCENARIO(reset_arguments, "reset2-arguments", "",
         "SYSTEM_RESET2 with an architectural type that does not exist: INVALID_PARAMETERS")
{
    if (!psci_has(FID64(FN_SYSTEM_RESET2))) {
        check(psci_version() < V1_1, "SYSTEM_RESET2 is absent only before 1.1");
        check_result(psci_call2(FID64(FN_SYSTEM_RESET2), WARM_RESET, 0), RET_NOT_SUPPORTED,
                     "the call: NOT_SUPPORTED");
        return;
    }
    check_result(psci_call2(FID64(FN_SYSTEM_RESET2), 1, 0), RET_INVALID_PARAMETERS,
                 "SMC64, type 1: INVALID_PARAMETERS");
    check_result(psci_call2(FID32(FN_SYSTEM_RESET2), 1, 0), RET_INVALID_PARAMETERS,
                 "SMC32, type 1: INVALID_PARAMETERS");
    check_result(psci_call2(FID32(FN_SYSTEM_RESET2), 0x7fffffff, 0), RET_INVALID_PARAMETERS,
                 "SMC32, type 0x7fffffff: INVALID_PARAMETERS");
}
