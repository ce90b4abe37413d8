/* SPDX-License-Identifier: BSD-2-Clause */
/* Wake sources, as the operator of the machine chooses them. */
#include <stddef.h>

#include "args.h"
#include "gic.h"
#include "guest_scenario.h"
#include "platform.h"
#include "report.h"
#include "rest.h"
#include "rtc.h"
#include "smp.h"
#include "suspend.h"
#include "timer.h"
#include "uart.h"
#include "uart_pl011.h"

#define CONTEXT UINT64_C(0x736c656570000000)

/* Sleeps until a source wakes it; *slept gets the milliseconds of sleep. */
static bool sleep(uint64_t *slept)
{
    struct psci_call call;
    uint64_t start = timer_now(TIMER_VIRTUAL);

    suspend_prepare(&call, SUSPEND_64, (uint64_t)(uintptr_t)entry_point, CONTEXT);
    if (!suspend_check_resumed(suspend_call(&call), &call, "the core comes back")) {
        return false;
    }
    *slept = suspend_duration(start, &smp_self()->entry);
    remark("slept %lu ms", *slept);
    return check_none(suspend_entry_problem(&smp_self()->entry, CONTEXT, false),
                      "in the prescribed state");
}

/* Leaves time for an event before the call. */
static void delay(void)
{
    uint64_t milliseconds = args_number("delay", 0);

    if (milliseconds > 0) {
        remark("delay of %lu ms", milliseconds);
        rest_milliseconds(milliseconds);
    }
}

/* Checks that the alarm has come, that its interrupt is pending, and that clearing it works. */
static void check_alarm(bool through_gic)
{
    check_equal(rtc_read(RTC_RIS), 1, "the alarm has gone off");
    if (!through_gic) {
        return;
    }
    check(gic_is_pending(platform.rtc_intid), "its interrupt is pending");
    unsigned intid = gic_acknowledge();
    check_equal(intid, platform.rtc_intid, "and can be taken");
    rtc_clear_alarm();
    gic_end(intid);
    check(!gic_is_pending(platform.rtc_intid), "and is gone when it is dealt with");
}

SCENARIO(wake_rtc, "wake-rtc", "timer=MS gic=yes|no delay=0",
         "woken by the clock's alarm after 2 s; a timer set to fire earlier is not to wake")
{
    bool through_gic = !args_is("gic", "no");
    uint64_t milliseconds = args_number("timer", 0);
    uint64_t slept;

    if (!check(rtc_present(), "there is a clock")) {
        return;
    }
    if (through_gic) {
        gic_enable(platform.rtc_intid);
    }
    rtc_set_alarm(2);
    uint64_t start = timer_now(TIMER_VIRTUAL);
    delay();
    if (milliseconds > 0) {
        suspend_arm(TIMER_VIRTUAL, milliseconds);
    }
    if (sleep(&slept)) {
        /* The clock's first second may be nearly over when the alarm is set. */
        check_at_least(suspend_duration(start, &smp_self()->entry), 900, "ms",
                       "not before the alarm");
        check_alarm(through_gic);
    }
}

SCENARIO(wake_timer, "wake-timer", "timer=2500",
         "woken by its timer; an alarm of the clock after 1 s waits until then")
{
    uint64_t milliseconds = args_number("timer", 2500);
    uint64_t slept;

    if (!check(rtc_present(), "there is a clock")) {
        return;
    }
    gic_enable(platform.rtc_intid);
    rtc_set_alarm(1);
    suspend_arm(TIMER_VIRTUAL, milliseconds);
    if (sleep(&slept)) {
        check_at_least(slept, milliseconds, "ms", "it slept until the timer");
        check_alarm(true);
    }
}

/* Returns the next byte of input, and waits a second for it. */
static int next_byte(void)
{
    uint64_t end = timer_now(TIMER_VIRTUAL) + timer_frequency();
    uint8_t byte;

    while (timer_now(TIMER_VIRTUAL) < end) {
        if (uart_read(&byte)) {
            return byte;
        }
    }
    return -1;
}

static void check_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (!check_equal((uint64_t)next_byte(), (uint8_t)*text, "the byte typed is there")) {
            return;
        }
    }
}

SCENARIO(wake_console, "wake-console", "expect=TEXT timer=MS irq=yes|no delay=0",
         "woken by input, which is then there to read; with `timer`, input is not to wake before")
{
    char text[16];
    uint64_t milliseconds = args_number("timer", 0);
    uint64_t slept;

    args_text("expect", text, sizeof(text));
    if (args_is("irq", "yes")) {
        gic_enable(platform.uart_intid);
        pl011_write(UART_IMSC, UART_INT_RX | UART_INT_RX_TIMEOUT);
    }
    delay();
    if (milliseconds > 0) {
        suspend_arm(TIMER_VIRTUAL, milliseconds);
    }
    if (sleep(&slept)) {
        check_at_least(slept, milliseconds, "ms", "it slept until it was to wake");
        check_text(text);
    }
    pl011_write(UART_IMSC, 0);
}

SCENARIO(wake_operator, "wake-operator", "timer=MS",
         "nothing in the machine is to wake it (a timer, if set, fires in vain): the operator does")
{
    uint64_t milliseconds = args_number("timer", 0);
    uint64_t slept;

    if (milliseconds > 0) {
        suspend_arm(TIMER_VIRTUAL, milliseconds);
    }
    if (sleep(&slept)) {
        check_at_least(slept, 2 * milliseconds, "ms", "it slept for longer than the timer");
    }
}
