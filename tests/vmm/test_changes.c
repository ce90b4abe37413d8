/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue that tells the main thread which vCPUs turn on and off: order, limits, threads. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "psci/changes.h"

enum { VCPUS = 4, ROUNDS = 20000 };

static void tell(struct changes *changes, unsigned vcpu, enum change what)
{
    changes_end(changes, changes_begin(changes, vcpu), vcpu, what);
}

static void expect(struct changes *changes, unsigned vcpu, enum change what)
{
    struct change_told told;

    assert_true(changes_take(changes, &told));
    assert_int_equal(told.vcpu, vcpu);
    assert_int_equal(told.what, what);
}

static void expect_none(struct changes *changes)
{
    struct change_told told;

    assert_false(changes_take(changes, &told));
}

static void changes_come_in_ticket_order(void **state)
{
    struct changes *changes = changes_create(VCPUS);

    (void)state;
    uint64_t first = changes_begin(changes, 1);
    uint64_t second = changes_begin(changes, 2);
    changes_end(changes, second, 2, CHANGE_ON);
    expect_none(changes); /* The first ticket has no result yet. */
    changes_end(changes, first, 1, CHANGE_OFF);
    expect(changes, 1, CHANGE_OFF);
    expect(changes, 2, CHANGE_ON);
    expect_none(changes);
    changes_destroy(changes);
}

/*
 * If a vCPU finds no room, its next ticket says so, even if that ticket is cancelled, and no later
 * one does.
 */
static void vcpu_that_waits_for_room_is_reported(void **state)
{
    struct changes *changes = changes_create(2);
    struct change_told told;
    unsigned taken = 0;

    (void)state;
    while (changes_want_room(changes, 0)) {
        tell(changes, 0, CHANGE_NONE);
    }
    tell(changes, 1, CHANGE_ON);
    assert_true(changes_take(changes, &told));
    assert_int_equal(told.what, CHANGE_NONE);
    assert_true(told.waits);
    assert_true(changes_want_room(changes, 0));
    while (changes_take(changes, &told)) {
        assert_false(told.waits);
        taken++;
    }
    assert_in_range(taken, 2, 64);
    changes_destroy(changes);
}

static void room_is_used_up_and_freed(void **state)
{
    struct changes *changes = changes_create(VCPUS);
    unsigned told = 0;

    (void)state;
    while (changes_want_room(changes, 3)) {
        tell(changes, 3, CHANGE_ON);
        tell(changes, 3, CHANGE_OFF);
        told += 2;
    }
    assert_in_range(told, 2, 64);
    assert_true(changes_want_room(changes, 2)); /* Each vCPU has its own room. */
    tell(changes, 3, CHANGE_ON);                /* No vCPU may start; asking again does no harm. */
    tell(changes, 3, CHANGE_OFF);
    for (unsigned i = 0; i < told; i++) {
        expect(changes, 3, i % 2 == 0 ? CHANGE_ON : CHANGE_OFF);
    }
    expect_none(changes);
    assert_true(changes_want_room(changes, 3));
    changes_destroy(changes);
}

static void nothing_is_left_after_a_clear(void **state)
{
    struct changes *changes = changes_create(VCPUS);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        tell(changes, i, CHANGE_ON);
    }
    changes_clear(changes);
    expect_none(changes);
    tell(changes, 1, CHANGE_ON);
    expect(changes, 1, CHANGE_ON);
    changes_destroy(changes);
}

struct worker {
    struct changes *changes;
    unsigned vcpu;
    pthread_t thread;
};

static void *on_and_off(void *arg)
{
    const struct worker *worker = arg;

    for (unsigned round = 0; round < ROUNDS; round++) {
        while (!changes_want_room(worker->changes, worker->vcpu)) {
            sched_yield(); /* Lets the reader run, which may share this processor. */
        }
        tell(worker->changes, worker->vcpu, CHANGE_ON);
        tell(worker->changes, worker->vcpu, CHANGE_OFF);
    }
    return NULL;
}

/* Threads that are faster than the reader: nothing is lost, and each thread's order is kept. */
static void nothing_is_lost_between_threads(void **state)
{
    struct changes *changes = changes_create(VCPUS);
    struct worker workers[VCPUS];
    unsigned seen[VCPUS] = {0};

    (void)state;
    for (unsigned i = 0; i < VCPUS; i++) {
        workers[i] = (struct worker){.changes = changes, .vcpu = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, on_and_off, &workers[i]), 0);
    }
    for (unsigned taken = 0; taken < VCPUS * ROUNDS * 2;) {
        struct change_told told;

        if (changes_take(changes, &told)) {
            assert_int_equal(told.what, seen[told.vcpu]++ % 2 == 0 ? CHANGE_ON : CHANGE_OFF);
            taken++;
        } else {
            sched_yield();
        }
    }
    for (unsigned i = 0; i < VCPUS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    expect_none(changes);
    changes_destroy(changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_come_in_ticket_order),
        cmocka_unit_test(vcpu_that_waits_for_room_is_reported),
        cmocka_unit_test(room_is_used_up_and_freed),
        cmocka_unit_test(nothing_is_left_after_a_clear),
        cmocka_unit_test(nothing_is_lost_between_threads),
    };

    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
