/* SPDX-License-Identifier: BSD-2-Clause */
/* Stays in idle states. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "psci/naps.h"

static void stays_come_in_order(void **state)
{
    struct naps *naps = naps_create(2);
    struct nap nap;

    (void)state;
    naps_begin(naps, 1, 3);
    assert_false(naps_take(naps, 1, &nap)); /* It has not ended. */
    naps_end(naps, 1);
    naps_end(naps, 1); /* A wake without a stay. */
    naps_begin(naps, 1, 0);
    naps_begin(naps, 1, 2); /* A reset came in between. */
    naps_end(naps, 1);
    assert_false(naps_take(naps, 0, &nap));
    assert_true(naps_take(naps, 1, &nap));
    assert_int_equal(nap.state, 3);
    assert_true(nap.begin > 0 && nap.begin <= nap.end);
    int64_t end = nap.end;
    assert_true(naps_take(naps, 1, &nap));
    assert_int_equal(nap.state, 2);
    assert_true(nap.begin >= end);
    assert_false(naps_take(naps, 1, &nap));
    naps_destroy(naps);
}

static void those_without_room_are_counted(void **state)
{
    struct naps *naps = naps_create(1);
    struct nap nap;

    (void)state;
    for (unsigned i = 0; i < NAPS_MAX + 5; i++) {
        naps_begin(naps, 0, i);
        naps_end(naps, 0);
    }
    assert_int_equal(naps_lost(naps, 0), 5);
    assert_int_equal(naps_lost(naps, 0), 0);
    for (unsigned i = 0; i < NAPS_MAX; i++) {
        assert_true(naps_take(naps, 0, &nap));
        assert_int_equal(nap.state, i);
    }
    assert_false(naps_take(naps, 0, &nap));
    naps_destroy(naps);
}

static void nothing_is_kept_without_a_place(void **state)
{
    (void)state;
    naps_begin(NULL, 0, 0);
    naps_end(NULL, 0);
    naps_destroy(NULL);
}

enum { MANY = 100000 };

static void *make_naps(void *arg)
{
    for (unsigned i = 0; i < MANY; i++) {
        naps_begin(arg, 0, i);
        naps_end(arg, 0);
    }
    return NULL;
}

/* Each is either taken, whole and in order, or counted. */
static void two_threads_lose_nothing(void **state)
{
    struct naps *naps = naps_create(1);
    pthread_t thread;
    struct nap nap;
    uint64_t seen = 0;
    int64_t last = -1;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, make_naps, naps), 0);
    while (seen < MANY) {
        while (naps_take(naps, 0, &nap)) {
            assert_true((int64_t)nap.state > last && nap.begin <= nap.end);
            last = nap.state;
            seen++;
        }
        seen += naps_lost(naps, 0);
    }
    assert_int_equal(seen, MANY);
    pthread_join(thread, NULL);
    naps_destroy(naps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_come_in_order),
        cmocka_unit_test(those_without_room_are_counted),
        cmocka_unit_test(nothing_is_kept_without_a_place),
        cmocka_unit_test(two_threads_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
