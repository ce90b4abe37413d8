/* SPDX-License-Identifier: BSD-2-Clause */
/* When a guest is idle: samples of a guest that the test makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/activity.h"
#include "power/quiet.h"

#define SECOND INT64_C(1000000000)

static struct quiet quiet;
static struct quiet_sample now;

/* The guest must be idle for 100 s. */
static int setup(void **state)
{
    (void)state;
    quiet = (struct quiet){.wanted_ns = 100 * SECOND, .cpu_percent = 5};
    now = (struct quiet_sample){.time_ns = 7 * SECOND, .cpu_ns = 99 * SECOND, .activity = 12345};
    quiet_start(&quiet, &now);
    return 0;
}

/* So many seconds pass, in which the guest uses some of the processor and of its devices. */
static bool pass(int64_t seconds, int64_t cpu_ns, uint64_t requests)
{
    now.time_ns += seconds * SECOND;
    now.cpu_ns += cpu_ns;
    now.activity += requests;
    return quiet_look(&quiet, &now);
}

static void a_look_comes_ten_times(void **state)
{
    (void)state;
    assert_int_equal(quiet_period(&quiet), 10 * SECOND);
}

static void idle_after_the_whole_time_and_again_after_it(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 9; i++) {
            assert_false(pass(10, 0, 0));
        }
        assert_true(pass(10, 0, 0));
    }
}

/* A guest is never quite still: timers, ARP, a log that is written. */
static void a_little_is_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        assert_false(pass(10, SECOND / 2, 11));
    }
    assert_true(pass(10, SECOND / 2, 11));
}

static void one_busy_part_begins_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        assert_false(pass(10, 0, 0));
    }
    assert_false(pass(10, SECOND / 2 + 1, 0));
    for (int i = 0; i < 9; i++) {
        assert_false(pass(10, 0, 0));
    }
    assert_false(pass(10, 0, 12));
    for (int i = 0; i < 9; i++) {
        assert_false(pass(10, 0, 0));
    }
    assert_true(pass(10, 0, 0));
}

static void an_operator_is_never_idle(void **state)
{
    uint64_t before = activity_count();

    (void)state;
    activity_note();
    assert_int_equal(activity_count() - before, 1);
    activity_note_operator();
    for (int i = 0; i < 9; i++) {
        assert_false(pass(10, 0, 0));
    }
    assert_false(pass(10, 0, activity_count() - before));
}

/* The host was asleep or very busy: what the guest did is judged by the time that has passed. */
static void a_late_look_judges_the_time_that_has_passed(void **state)
{
    (void)state;
    assert_false(pass(50, 2 * SECOND, 45));
    assert_true(pass(50, 2 * SECOND, 45));
    assert_false(pass(200, 11 * SECOND, 0));
    assert_true(pass(200, 0, 0));
}

static void a_start_forgets_what_was_before(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        assert_false(pass(10, 0, 0));
    }
    now.time_ns += 1000 * SECOND;
    now.cpu_ns += 500 * SECOND;
    quiet_start(&quiet, &now);
    for (int i = 0; i < 9; i++) {
        assert_false(pass(10, 0, 0));
    }
    assert_true(pass(10, 0, 0));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_look_comes_ten_times),
        TEST(idle_after_the_whole_time_and_again_after_it),
        TEST(a_little_is_nothing),
        TEST(one_busy_part_begins_anew),
        TEST(an_operator_is_never_idle),
        TEST(a_late_look_judges_the_time_that_has_passed),
        TEST(a_start_forgets_what_was_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
