/* SPDX-License-Identifier: BSD-2-Clause */
/* An idle guest is asked to sleep: the real watch.c, with a clock and a guest of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine/parts.h"

static struct {
    struct machine machine;
    struct config config;
    void (*passed)(void *arg);
    struct quiet_sample now;
    unsigned asked;
    const char *objection;
    unsigned told;
    unsigned set; /* how often the next look was set */
} f;

int __wrap_delay_open(struct delay *delay, struct loop *loop, void (*passed)(void *), void *arg);

int __wrap_delay_open(struct delay *delay, struct loop *loop, void (*passed)(void *), void *arg)
{
    (void)delay;
    (void)loop;
    assert_ptr_equal(arg, &f.machine);
    f.passed = passed;
    return 0;
}

void driver_sample(struct quiet_sample *now)
{
    *now = f.now;
}

void driver_watch_on(struct machine *machine)
{
    assert_ptr_equal(machine, &f.machine);
    f.set++;
}

void driver_tell_awake(struct machine *machine, const char *why)
{
    (void)machine;
    assert_ptr_equal(why, f.objection);
    f.told++;
}

const char *operator_ask(struct machine *machine, enum power_request request)
{
    assert_ptr_equal(machine, &f.machine);
    assert_int_equal(request, REQUEST_SLEEP);
    f.asked++;
    return f.objection;
}

static void start(unsigned seconds)
{
    memset(&f, 0, sizeof(f));
    f.config.idle_seconds = seconds;
    f.config.idle_cpu_percent = 5;
    f.machine.config = &f.config;
    assert_int_equal(watch_open(&f.machine), 0);
}

static void pass(int64_t cpu_ns)
{
    f.now.time_ns += quiet_period(&f.machine.quiet);
    f.now.cpu_ns += cpu_ns;
    f.passed(&f.machine);
}

static void without_the_option_there_is_no_timer(void **state)
{
    (void)state;
    start(0);
    assert_null(f.passed);
    watch_close(&f.machine);
}

static void an_idle_guest_is_asked(void **state)
{
    (void)state;
    start(10);
    for (unsigned i = 1; i <= 9; i++) {
        pass(0);
        assert_int_equal(f.set, i);
    }
    assert_int_equal(f.asked, 0);
    pass(0);
    assert_int_equal(f.asked, 1);
    assert_int_equal(f.told, 0);
}

static void a_busy_guest_is_not_asked(void **state)
{
    (void)state;
    start(10);
    for (int i = 0; i < 100; i++) {
        pass(60000000);
    }
    assert_int_equal(f.asked, 0);
}

/* It takes some time to shut down, and need not be busy meanwhile. */
static void a_guest_that_was_asked_is_left_alone(void **state)
{
    (void)state;
    start(10);
    f.machine.power.request = REQUEST_SHUTDOWN;
    for (int i = 0; i < 100; i++) {
        pass(0);
    }
    assert_int_equal(f.asked, 0);
    f.machine.power.request = REQUEST_NONE;
    for (int i = 0; i < 9; i++) {
        pass(0);
    }
    assert_int_equal(f.asked, 0);
    pass(0);
    assert_int_equal(f.asked, 1);
}

/* It may have an agent later. */
static void a_guest_that_cannot_be_asked_is_asked_again(void **state)
{
    (void)state;
    start(10);
    f.objection = "no";
    for (int i = 0; i < 30; i++) {
        pass(0);
    }
    assert_int_equal(f.asked, 3);
    assert_int_equal(f.told, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_option_there_is_no_timer),
        cmocka_unit_test(an_idle_guest_is_asked),
        cmocka_unit_test(a_busy_guest_is_not_asked),
        cmocka_unit_test(a_guest_that_was_asked_is_left_alone),
        cmocka_unit_test(a_guest_that_cannot_be_asked_is_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
