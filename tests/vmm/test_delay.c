/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/delay.h"
#include "core/loop.h"

struct fixture {
    struct loop *loop;
    struct delay first;
    struct delay second;
    int calls;
};

static void start(struct fixture *f, void (*first)(void *), void (*second)(void *))
{
    *f = (struct fixture){.loop = loop_create()};
    assert_non_null(f->loop);
    assert_int_equal(delay_open(&f->first, f->loop, first, f), 0);
    assert_int_equal(delay_open(&f->second, f->loop, second, f), 0);
}

static void finish(struct fixture *f)
{
    delay_close(&f->second);
    delay_close(&f->first);
    delay_close(&f->first);
    loop_destroy(f->loop);
}

static void count_call(void *arg)
{
    struct fixture *f = arg;

    f->calls++;
}

static void end_loop(void *arg)
{
    struct fixture *f = arg;

    loop_stop(f->loop);
}

/* Once, and again only if it is set again. */
static void each_setting_is_one_call(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, count_call, end_loop);
    for (int i = 1; i <= 3; i++) {
        delay_set(&f.first, 1);
        delay_set(&f.second, 20000000);
        assert_int_equal(loop_run(f.loop), 0);
        assert_int_equal(f.calls, i);
    }
    finish(&f);
}

static void zero_takes_it_back(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, count_call, end_loop);
    delay_set(&f.first, 10000000);
    delay_set(&f.first, 0);
    delay_set(&f.second, 30000000);
    assert_int_equal(loop_run(f.loop), 0);
    assert_int_equal(f.calls, 0);
    finish(&f);
}

/* Cancels the other delay, whichever of the two comes first. */
static void cancel_first(void *arg)
{
    struct fixture *f = arg;

    f->calls++;
    delay_set(&f->first, 0);
    loop_stop(f->loop);
}

static void cancel_second(void *arg)
{
    struct fixture *f = arg;

    f->calls++;
    delay_set(&f->second, 0);
}

/* Both delays have passed when the loop looks: the one that is cancelled in that turn is not called. */
static void taken_back_in_its_own_turn(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, cancel_second, cancel_first);
    struct delay end = {0};
    assert_int_equal(delay_open(&end, f.loop, end_loop, &f), 0);
    delay_set(&f.first, 1);
    delay_set(&f.second, 1);
    usleep(1000);
    delay_set(&end, 20000000);
    assert_int_equal(loop_run(f.loop), 0);
    assert_int_equal(f.calls, 1);
    delay_close(&end);
    finish(&f);
}

static void closed_one_is_ignored(void **state)
{
    struct delay delay = {0};

    (void)state;
    delay_set(&delay, 1);
    delay_close(&delay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_is_one_call),
        cmocka_unit_test(zero_takes_it_back),
        cmocka_unit_test(taken_back_in_its_own_turn),
        cmocka_unit_test(closed_one_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
