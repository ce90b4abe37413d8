/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine without its cores: clock, serial line, memory, interrupts; and simple ways to pass
 * time.
 */
#include <stddef.h>

#include "args.h"
#include "exceptions.h"
#include "gic.h"
#include "guest_scenario.h"
#include "pattern.h"
#include "platform.h"
#include "report.h"
#include "rtc.h"
#include "smp.h"
#include "timer.h"
#include "uart.h"
#include "uart_pl011.h"

#define MIB UINT64_C(0x100000)

static void check_alarm_interrupt(void)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + 5 * timer_frequency();

    gic_enable(platform.rtc_intid);
    rtc_set_alarm(1);
    check(!gic_is_pending(platform.rtc_intid), "no alarm interrupt before its time");
    while (!gic_is_pending(platform.rtc_intid) && timer_now(TIMER_VIRTUAL) < end) {
    }
    check(gic_is_pending(platform.rtc_intid), "the alarm's interrupt comes");
    check_equal(rtc_read(RTC_RIS), 1, "RTCRIS says so");
    check_equal(rtc_read(RTC_MIS), 1, "RTCMIS says so");
    unsigned intid = gic_acknowledge();
    check_equal(intid, platform.rtc_intid, "it is the clock's own");
    rtc_clear_alarm();
    gic_end(intid);
    check_equal(rtc_read(RTC_RIS), 0, "RTCICR clears it");
    check(!gic_is_pending(platform.rtc_intid), "and its interrupt");
}

SCENARIO(rtc, "rtc", "now=SECONDS",
         "the PL031 tells the time, within 2 s of `now` where given, and has a working alarm")
{
    static const uint8_t ids[8] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    uint32_t now = rtc_present() ? rtc_read(RTC_DR) : 0;
    uint64_t expected = args_number("now", now);
    bool id_matches = true;

    if (!check(rtc_present(), "there is a clock")) {
        return;
    }
    check_at_least(now, expected - 2, "s", "the time is not early");
    check_at_most(now, expected + 2, "s", "nor late");
    for (unsigned i = 0; i < sizeof(ids); i++) {
        uint32_t got = rtc_read(0xfe0 + i * 4);

        /* The revision field of PeriphID2 may be any. */
        id_matches = id_matches && (i == 2 ? got & 0x0f : got) == ids[i];
    }
    check(id_matches, "it is a PL031 by its ID registers");
    check_alarm_interrupt();
    rtc_write(RTC_LR, 1000000000);
    check_at_least(rtc_read(RTC_DR), 1000000000, "s", "it can be set");
    check_at_most(rtc_read(RTC_DR), 1000000002, "s", "exactly");
    rtc_write(RTC_LR, now);
}

SCENARIO(uart_echo, "uart-echo", "count=1", "sends back so many bytes of input")
{
    uint64_t count = args_number("count", 1);

    remark("ready");
    print("echo: ");
    for (uint64_t i = 0; i < count; i++) {
        uint8_t byte;

        while (!uart_read(&byte)) {
        }
        uart_put((char)byte);
    }
    print("\n");
    check(true, "echoed");
}

SCENARIO(uart_interrupt, "uart-interrupt", "", "input raises the UART's interrupt, reading ends it")
{
    gic_enable(platform.uart_intid);
    pl011_write(UART_IMSC, UART_INT_RX | UART_INT_RX_TIMEOUT);
    remark("ready");
    uint64_t end = timer_now(TIMER_VIRTUAL) + 20 * timer_frequency();
    while (!gic_is_pending(platform.uart_intid) && timer_now(TIMER_VIRTUAL) < end) {
    }
    check(gic_is_pending(platform.uart_intid), "input raises the interrupt");
    unsigned intid = gic_acknowledge();
    check_equal(intid, platform.uart_intid, "it is the UART's own");
    uint8_t byte;
    while (uart_read(&byte)) {
    }
    pl011_write(UART_ICR, UART_INT_RX_TIMEOUT);
    gic_end(intid);
    check(!gic_is_pending(platform.uart_intid), "it ends when the input is read");
    pl011_write(UART_IMSC, 0);
}

SCENARIO(uart_flood, "uart-flood", "lines=200", "as much output as the line takes")
{
    uint64_t lines = args_number("lines", 200);

    for (uint64_t i = 0; i < lines; i++) {
        print("line %lu of %lu: the quick brown fox jumps over the lazy dog\n", i + 1, lines);
    }
    check(true, "all sent");
}

SCENARIO(memory_top, "memory", "size=BYTES",
         "the first and the last MiB of every RAM region are memory, and all of `size` is there")
{
    uint64_t total = 0;

    for (unsigned i = 0; i < platform.ram_count; i++) {
        struct region ram = platform.ram[i];
        struct region top = {.base = ram.base + ram.size - MIB, .size = MIB};

        remark("RAM 0x%lx, %lu MiB", ram.base, ram.size / MIB);
        total += ram.size;
        pattern_fill(top, ram.base);
        check_equal(pattern_find_damage(top, ram.base), 0, "the top of the region holds a pattern");
    }
    check_equal(pattern_find_nonzero(platform_scratch()), 0,
                "what was written at the top shows nowhere else");
    check_equal(total, args_number("size", total), "as much as was asked for");
}

SCENARIO(spin, "spin", "", "runs for ever, for tests of the outside")
{
    remark("spinning");
    for (;;) {
    }
}

SCENARIO(wait, "wait", "", "waits for ever with WFI, for tests of the outside")
{
    remark("waiting");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

SCENARIO(fail, "fail", "", "fails, to see that it shows")
{
    check(true, "this passes");
    check_equal(1, 2, "this fails");
}

SCENARIO(fault, "fault", "", "runs into an exception nobody expects, to see that it shows")
{
    check(true, "this passes");
    __asm__ volatile("brk #1");
    check(false, "not reached");
}

SCENARIO(exit_unfinished, "unfinished", "", "powers off before the plan, to see that it shows")
{
    check(true, "this passes");
    uart_drain();
    psci_call2(FID32(FN_SYSTEM_OFF), 0, 0);
}
