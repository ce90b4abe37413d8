/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host's service manager hears of a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/notify.h"
#include "fake_delay.h"
#include "machine/parts.h"
#include "service_manager.h"

#define SECOND INT64_C(1000000000)

static struct config config;
static struct machine machine;

static int begin(const char *watchdog)
{
    config = (struct config){.shutdown_seconds = 80};
    machine = (struct machine){.config = &config, .power = {.state = POWER_RUNNING}};
    service_manager_open();
    if (watchdog != NULL) {
        setenv("WATCHDOG_USEC", watchdog, 1);
    }
    return notify_open() && service_open(&machine) == 0 ? 0 : -1;
}

static int enter(void **state)
{
    (void)state;
    return begin(NULL);
}

static int enter_watched(void **state)
{
    (void)state;
    return begin("60000000");
}

static int leave(void **state)
{
    (void)state;
    service_close(&machine);
    notify_close();
    service_manager_close();
    return 0;
}

static void pass(int64_t expected)
{
    assert_int_equal(fake_delay.set, expected);
    fake_delay.passed(fake_delay.arg);
}

static void machine_that_runs_is_ready(void **state)
{
    (void)state;
    service_start(&machine);
    service_manager_expect("READY=1");
    service_manager_expect("STATUS=running");
    service_manager_expect_silence();
    assert_int_equal(fake_delay.set, 0);
}

static void guest_says_when_it_is_ready(void **state)
{
    (void)state;
    config.vsock.ready_port = 9999;
    service_start(&machine);
    service_manager_expect("STATUS=running");
    service_manager_expect_silence();
}

/* It has said so before it was saved. */
static void restored_guest_is_ready(void **state)
{
    (void)state;
    config.vsock.ready_port = 9999;
    config.restore = "file";
    machine.power.state = POWER_ASLEEP;
    service_start(&machine);
    service_manager_expect("READY=1");
    service_manager_expect("STATUS=asleep");
}

static void change(enum power_state power_state, bool stopped, enum power_news_kind kind)
{
    machine.power.state = power_state;
    machine.power.stopped = stopped;
    service_news(&machine, kind);
}

static void started(void)
{
    service_start(&machine);
    service_manager_expect("READY=1");
    service_manager_expect("STATUS=running");
}

static void changes_are_told(void **state)
{
    (void)state;
    started();
    change(POWER_ASLEEP, false, POWER_NEWS_ASLEEP);
    pass(SECOND);
    service_manager_expect("STATUS=asleep");
    change(POWER_ASLEEP, true, POWER_NEWS_STOPPED);
    pass(SECOND);
    service_manager_expect("STATUS=paused by the operator");
    change(POWER_ASLEEP, false, POWER_NEWS_CONTINUED);
    pass(SECOND);
    service_manager_expect("STATUS=asleep");
    change(POWER_ENDED, false, POWER_NEWS_OFF);
    pass(SECOND);
    service_manager_expect("STATUS=off");
    assert_int_equal(fake_delay.set, 0);
}

/* A guest that sleeps and wakes in a loop costs the service manager at most one message a second. */
static void flood_is_one_message(void **state)
{
    (void)state;
    started();
    for (unsigned i = 0; i < 1000; i++) {
        change(POWER_ASLEEP, false, POWER_NEWS_ASLEEP);
        change(POWER_RUNNING, false, POWER_NEWS_RESUMED);
        change(POWER_RUNNING, false, POWER_NEWS_VCPU_ON);
    }
    change(POWER_ASLEEP, false, POWER_NEWS_ASLEEP);
    service_manager_expect_silence();
    pass(SECOND);
    service_manager_expect("STATUS=asleep");
    service_manager_expect_silence();
}

static void what_is_no_change_is_not_told(void **state)
{
    (void)state;
    started();
    change(POWER_ASLEEP, false, POWER_NEWS_ASLEEP);
    change(POWER_RUNNING, false, POWER_NEWS_RESUMED);
    pass(SECOND);
    service_manager_expect_silence();
    change(POWER_RUNNING, false, POWER_NEWS_VCPU_OFF);
    assert_int_equal(fake_delay.set, 0);
}

/* A sign of life each half of the time, and a change after a second. */
static void watchdog_gets_signs_of_life(void **state)
{
    (void)state;
    started();
    service_manager_expect("WATCHDOG=1");
    assert_int_equal(fake_delay.set, 30 * SECOND);
    change(POWER_ASLEEP, false, POWER_NEWS_ASLEEP);
    pass(SECOND);
    service_manager_expect("STATUS=asleep");
    assert_int_equal(fake_delay.set, 30 * SECOND);
}

/* The queue is full: the line is told later. */
static void line_that_is_not_taken_is_told_later(void **state)
{
    (void)state;
    started();
    while (notify_send("x")) {
    }
    change(POWER_ASLEEP, false, POWER_NEWS_ASLEEP);
    pass(SECOND);
    pass(SECOND);
    service_manager_close();
    pass(SECOND);
    assert_int_equal(fake_delay.set, 0);
}

static void end_gets_the_time_of_the_guest(void **state)
{
    (void)state;
    service_stop(&machine);
    service_manager_expect("STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000");
    config.shutdown_seconds = 86400;
    service_stop(&machine);
    service_manager_expect("STOPPING=1\nEXTEND_TIMEOUT_USEC=86410000000");
    config.keep = "file";
    config.shutdown_seconds = 80;
    service_stop(&machine);
    service_manager_expect("STOPPING=1\nEXTEND_TIMEOUT_USEC=420000000");
    config.shutdown_seconds = 0;
    service_stop(&machine);
    service_manager_expect("STOPPING=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(machine_that_runs_is_ready, enter, leave),
        cmocka_unit_test_setup_teardown(guest_says_when_it_is_ready, enter, leave),
        cmocka_unit_test_setup_teardown(restored_guest_is_ready, enter, leave),
        cmocka_unit_test_setup_teardown(changes_are_told, enter, leave),
        cmocka_unit_test_setup_teardown(flood_is_one_message, enter, leave),
        cmocka_unit_test_setup_teardown(what_is_no_change_is_not_told, enter, leave),
        cmocka_unit_test_setup_teardown(watchdog_gets_signs_of_life, enter_watched, leave),
        cmocka_unit_test_setup_teardown(line_that_is_not_taken_is_told_later, enter, leave),
        cmocka_unit_test_setup_teardown(end_gets_the_time_of_the_guest, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
