/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp: the real-time clock of a VM, its alarm, and which core keeps that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "calls.h"
#include "emulated.h"
#include "lone.h"
#include "power.h"

#define CLOCK UINT64_C(0x09010000)
#define DATE  UINT64_C(1800000000)

enum {
    DR = 0x00,
    MR = 0x04,
    LR = 0x08,
    CR = 0x0c,
    IMSC = 0x10,
    RIS = 0x14,
    MIS = 0x18,
    ICR = 0x1c
};
enum { INTID = 34, SIZE = 0x1000 };

static int start(void **state)
{
    (void)state;
    lone_create();
    emulated_set_date(DATE);
    lone_begin();
    lone.core = GUEST_0;
    return 0;
}

static uint64_t get(unsigned vm, uint64_t offset)
{
    uint64_t value = 0;

    assert_true(emulated_read(&vms[vm], CLOCK + offset, 4, &value));
    return value;
}

static void put(uint64_t offset, uint64_t value)
{
    assert_true(emulated_write(&vms[LONE_GUEST], CLOCK + offset, 4, value));
}

static void pass_seconds(uint64_t count)
{
    lone.now += count * LONE_FREQUENCY;
    lone_settle();
    lone.core = GUEST_0;
}

static bool line(void)
{
    return lone.lines[LONE_GUEST][INTID];
}

static void the_date(void **state)
{
    (void)state;
    assert_int_equal(get(LONE_GUEST, DR), DATE);
    lone.now += LONE_FREQUENCY - 1;
    assert_int_equal(get(LONE_GUEST, DR), DATE);
    lone.now += 1;
    assert_int_equal(get(LONE_GUEST, DR), DATE + 1);
    assert_int_equal(get(LONE_GUEST, CR), 1);
}

/* Each VM has a clock of its own, which its resets do not touch. */
static void a_date_that_a_guest_sets(void **state)
{
    (void)state;
    put(LR, 1000);
    assert_int_equal(get(LONE_GUEST, DR), 1000);
    assert_int_equal(get(LONE_GUEST, LR), 1000);
    assert_int_equal(get(LONE_CONTROL, DR), DATE);
    pass_seconds(5);
    put(IMSC, 1);
    put(MR, 1010);
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_int_equal(get(LONE_GUEST, DR), 1005);
    assert_int_equal(get(LONE_GUEST, MR), 0);
    assert_int_equal(get(LONE_GUEST, IMSC), 0);
    assert_true(lone.cores[GUEST_0].deadline == UINT64_MAX);
    pass_seconds(20);
    assert_int_equal(get(LONE_GUEST, RIS), 0);
}

static void an_alarm(void **state)
{
    (void)state;
    put(IMSC, 1);
    put(MR, DATE + 3);
    assert_int_equal(lone.cores[GUEST_0].deadline, 3 * LONE_FREQUENCY);
    pass_seconds(2);
    assert_false(line());
    pass_seconds(1);
    assert_true(line());
    assert_int_equal(get(LONE_GUEST, RIS), 1);
    assert_int_equal(get(LONE_GUEST, MIS), 1);
    assert_true(lone.cores[GUEST_0].deadline == UINT64_MAX);
    put(ICR, 0);
    assert_true(line());
    put(ICR, 1);
    assert_false(line());
    assert_int_equal(get(LONE_GUEST, RIS), 0);
    pass_seconds(100);
    assert_false(line()); /* It goes off once. */
}

static void an_alarm_that_is_masked(void **state)
{
    (void)state;
    put(MR, DATE + 1);
    pass_seconds(1);
    assert_int_equal(get(LONE_GUEST, RIS), 1);
    assert_int_equal(get(LONE_GUEST, MIS), 0);
    assert_false(line());
    put(IMSC, 1);
    assert_true(line());
    put(IMSC, 0);
    assert_false(line());
}

/* Another core may read the clock before the timer of the core that keeps the alarm goes off. */
static void an_alarm_that_a_read_sees_first(void **state)
{
    (void)state;
    put(IMSC, 1);
    put(MR, DATE + 3);
    lone.now += UINT64_C(3) * LONE_FREQUENCY;
    assert_int_equal(get(LONE_GUEST, MIS), 1);
    lone_settle();
    assert_true(line());
}

/* The match is one of equality. */
static void an_alarm_in_the_past(void **state)
{
    (void)state;
    put(IMSC, 1);
    put(MR, DATE);
    assert_true(line()); /* now */
    put(ICR, 1);
    put(MR, DATE - 1);
    assert_false(line());
    assert_int_equal(lone.cores[GUEST_0].deadline, ((UINT64_C(1) << 32) - 1) * LONE_FREQUENCY);
}

/* A date that is set moves the alarm, but only one that the guest has set. */
static void the_alarm_follows_the_date(void **state)
{
    (void)state;
    put(IMSC, 1);
    put(LR, 50);
    assert_true(lone.cores[GUEST_0].deadline == UINT64_MAX);
    put(MR, 100);
    put(LR, 98);
    pass_seconds(1);
    assert_false(line());
    pass_seconds(1);
    assert_true(line());
}

/* The first vCPU's core keeps the alarm, also if another one sets it, and while its vCPU is off. */
static void another_core_sets_the_alarm(void **state)
{
    (void)state;
    lone_call(GUEST_0, FN64(CPU_ON), 1, 0x40001000, 0);
    lone_call(GUEST_0, FN32(CPU_OFF), 0, 0, 0);
    assert_true(lone.cores[GUEST_0].is_asleep);
    lone.route = GUEST_1;
    lone.core = GUEST_1;
    put(IMSC, 1);
    put(MR, DATE + 3);
    lone_call(GUEST_1, FN64(SYSTEM_SUSPEND), 0x40002000, 4, 0);
    assert_true(lone.cores[GUEST_1].is_asleep);
    assert_int_equal(lone.cores[GUEST_0].deadline, 3 * LONE_FREQUENCY);
    pass_seconds(3);
    assert_true(lone.cores[GUEST_1].runs);
    assert_int_equal(lone_vcpu(GUEST_1)->frame.pc, 0x40002000);
    assert_false(lone.cores[GUEST_0].runs);
}

/* hyp's timer ends when its interrupt is taken: it is set again on every way through the loop. */
static void the_deadline_is_set_again(void **state)
{
    (void)state;
    put(MR, DATE + 10);
    lone.cores[GUEST_0].deadline = 1;
    pass_seconds(1);
    assert_int_equal(lone.cores[GUEST_0].deadline, 10 * LONE_FREQUENCY);
}

static void identification(void **state)
{
    static const uint8_t id[] = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(get(LONE_GUEST, 0xfe0 + 4 * i), id[i]);
    }
}

/* A guest may read and write anything anywhere. */
static void any_access(void **state)
{
    uint64_t value;

    (void)state;
    for (uint64_t offset = 0; offset < SIZE; offset++) {
        for (unsigned size = 1; size <= 8; size *= 2) {
            assert_true(emulated_read(&vms[LONE_GUEST], CLOCK + offset, size, &value));
            assert_true(size == 8 || value >> size * 8 == 0);
            assert_true(emulated_write(&vms[LONE_GUEST], CLOCK + offset, size, UINT64_MAX));
        }
    }
    assert_false(emulated_read(&vms[LONE_GUEST], CLOCK - 1, 4, &value));
    assert_false(emulated_read(&vms[LONE_GUEST], CLOCK + SIZE, 4, &value));
    assert_false(emulated_write(&vms[LONE_GUEST], 0, 4, 0));
    pass_seconds(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_date, start),
        cmocka_unit_test_setup(a_date_that_a_guest_sets, start),
        cmocka_unit_test_setup(an_alarm, start),
        cmocka_unit_test_setup(an_alarm_that_is_masked, start),
        cmocka_unit_test_setup(an_alarm_that_a_read_sees_first, start),
        cmocka_unit_test_setup(an_alarm_in_the_past, start),
        cmocka_unit_test_setup(the_alarm_follows_the_date, start),
        cmocka_unit_test_setup(another_core_sets_the_alarm, start),
        cmocka_unit_test_setup(the_deadline_is_set_again, start),
        cmocka_unit_test_setup(identification, start),
        cmocka_unit_test_setup(any_access, start),
    };

    return cmocka_run_group_tests_name("hyp: clock", tests, NULL, NULL);
}
