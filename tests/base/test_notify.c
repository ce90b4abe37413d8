/* SPDX-License-Identifier: BSD-2-Clause */
/* The service manager gets what systemd's sd_notify(3) specifies, and no other socket gets anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/notify.h"
#include "capture.h"
#include "service_manager.h"

static int64_t now;

int64_t __wrap_clock_now_ns(void);

int64_t __wrap_clock_now_ns(void)
{
    return now;
}

static int enter(void **state)
{
    (void)state;
    now = 1000000000000;
    service_manager_open();
    return 0;
}

static int leave(void **state)
{
    (void)state;
    notify_close();
    service_manager_close();
    return 0;
}

static void without_a_service_manager_nothing_happens(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_true(notify_open());
    assert_false(notify_is_open());
    assert_true(notify_send("STATUS=x"));
    notify_ready();
    notify_alive();
    assert_int_equal(notify_watchdog_ns(), 0);
    service_manager_expect_silence();
}

static void ready_is_said_once(void **state)
{
    (void)state;
    assert_true(notify_open());
    assert_true(notify_is_open());
    notify_ready();
    notify_ready();
    service_manager_expect("READY=1");
    service_manager_expect_silence();
    assert_true(notify_send("STOPPING=1\nSTATUS=asleep"));
    service_manager_expect("STOPPING=1\nSTATUS=asleep");
}

static void children_do_not_speak_for_it(void **state)
{
    (void)state;
    setenv("WATCHDOG_USEC", "1000000", 1);
    assert_true(notify_open());
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
}

static void sign_of_life_comes_four_times_in_the_time(void **state)
{
    (void)state;
    setenv("WATCHDOG_USEC", "4000000", 1);
    assert_true(notify_open());
    assert_int_equal(notify_watchdog_ns(), 4000000000);
    notify_alive();
    service_manager_expect("WATCHDOG=1");
    now += 999999999;
    notify_alive();
    service_manager_expect_silence();
    now++;
    notify_alive();
    service_manager_expect("WATCHDOG=1");
}

/* A save of much memory may take longer than any limit that is set before it. */
static void work_at_the_end_gets_more_time(void **state)
{
    (void)state;
    assert_true(notify_open());
    notify_progress();
    service_manager_expect_silence();
    notify_stop(420000000);
    service_manager_expect("STOPPING=1\nEXTEND_TIMEOUT_USEC=420000000");
    now += 4999999999;
    notify_progress();
    service_manager_expect_silence();
    for (int i = 0; i < 3; i++) {
        now += 5000000000;
        notify_progress();
        notify_progress();
        service_manager_expect("EXTEND_TIMEOUT_USEC=420000000");
        service_manager_expect_silence();
    }
    notify_stop(0);
    service_manager_expect("STOPPING=1");
    now += 60000000000;
    notify_progress();
    service_manager_expect_silence();
}

/* What only waits for the guest does not: its limit is the guest's. */
static void sign_of_life_is_no_more_time(void **state)
{
    (void)state;
    setenv("WATCHDOG_USEC", "4000000", 1);
    assert_true(notify_open());
    notify_stop(420000000);
    service_manager_expect("STOPPING=1\nEXTEND_TIMEOUT_USEC=420000000");
    now += 60000000000;
    notify_alive();
    service_manager_expect("WATCHDOG=1");
    service_manager_expect_silence();
    notify_progress();
    service_manager_expect("EXTEND_TIMEOUT_USEC=420000000");
}

static void expect_no_watchdog(const char *microseconds)
{
    setenv("WATCHDOG_USEC", microseconds, 1);
    assert_true(notify_open());
    assert_int_equal(notify_watchdog_ns(), 0);
    notify_alive();
    service_manager_expect_silence();
}

static void other_processes_watchdog_is_not_its_own(void **state)
{
    (void)state;
    setenv("WATCHDOG_PID", "1", 1);
    expect_no_watchdog("1000000");
}

static void own_watchdog_is_its_own(void **state)
{
    char pid[16];

    (void)state;
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", "1", 1);
    assert_true(notify_open());
    assert_int_equal(notify_watchdog_ns(), 1000);
}

static void watchdog_that_is_no_time_is_none(void **state)
{
    static const char *const values[] = {"", "x", "5s", "-1", "18446744073709551615"};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        service_manager_invite();
        expect_no_watchdog(values[i]);
        notify_close();
    }
}

/* A full queue is a reason to try again; the message is not lost without a word. */
static void full_queue_refuses(void **state)
{
    unsigned sent = 0;

    (void)state;
    assert_true(notify_open());
    while (notify_send("STATUS=x")) {
        assert_true(++sent < 100000);
    }
    service_manager_expect("STATUS=x");
    assert_true(notify_is_open());
    assert_true(notify_send("STATUS=y"));
}

static void manager_that_has_gone_is_forgotten(void **state)
{
    (void)state;
    assert_true(notify_open());
    service_manager_close();
    assert_true(notify_send("STATUS=x"));
    assert_false(notify_is_open());
}

static void expect_refusal(const char *name, const char *why)
{
    struct capture capture;
    char said[256];
    char line[256];

    setenv("NOTIFY_SOCKET", name, 1);
    capture_begin(&capture, STDERR_FILENO);
    assert_false(notify_open());
    capture_end(&capture, said, sizeof(said));
    (void)snprintf(line, sizeof(line),
                   "dormouse: NOTIFY_SOCKET=%s: cannot reach the service manager: %s\n", name, why);
    assert_string_equal(said, line);
    assert_false(notify_is_open());
}

static void wrong_socket_is_an_error(void **state)
{
    (void)state;
    expect_refusal("/nowhere/socket", "No such file or directory");
    expect_refusal("@dormouse-nobody-listens", "Connection refused");
    expect_refusal("relative", "Invalid argument");
    expect_refusal("@", "Invalid argument");
    expect_refusal("vsock:2:1", "Invalid argument");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_service_manager_nothing_happens, enter, leave),
        cmocka_unit_test_setup_teardown(ready_is_said_once, enter, leave),
        cmocka_unit_test_setup_teardown(children_do_not_speak_for_it, enter, leave),
        cmocka_unit_test_setup_teardown(sign_of_life_comes_four_times_in_the_time, enter, leave),
        cmocka_unit_test_setup_teardown(work_at_the_end_gets_more_time, enter, leave),
        cmocka_unit_test_setup_teardown(sign_of_life_is_no_more_time, enter, leave),
        cmocka_unit_test_setup_teardown(other_processes_watchdog_is_not_its_own, enter, leave),
        cmocka_unit_test_setup_teardown(own_watchdog_is_its_own, enter, leave),
        cmocka_unit_test_setup_teardown(watchdog_that_is_no_time_is_none, enter, leave),
        cmocka_unit_test_setup_teardown(full_queue_refuses, enter, leave),
        cmocka_unit_test_setup_teardown(manager_that_has_gone_is_forgotten, enter, leave),
        cmocka_unit_test_setup_teardown(wrong_socket_is_an_error, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
