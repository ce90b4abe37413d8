/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

static struct rig rig;
static struct rig other;
static uint8_t record[RIG_ROOM];

static int64_t read_count(struct rig *machine, uint32_t cpu, uint32_t power_state)
{
    return rig_result(machine, 0, FN64(STAT_COUNT), machine->mpidrs[cpu].value, power_state, 0);
}

static int64_t read_residency(struct rig *machine, uint32_t cpu, uint32_t power_state)
{
    return rig_result(machine, 0, FN64(STAT_RESIDENCY), machine->mpidrs[cpu].value, power_state, 0);
}

/* vCPU 2 is down alone in its cluster, so that goes down with it. */
static void make_sleeper(void)
{
    assert_true(rig_make(&rig, 4));
    rig.time = 500;
    assert_true(rig_run(&rig, 2));
    rig.time = 1000;
    assert_true(rig_sleep(&rig, 2, RIG_CLUSTER_DOWN));
}

static void stays_are_counted_and_summed_up(void **state)
{
    (void)state;
    make_sleeper();
    assert_int_equal(read_count(&rig, 2, RIG_CORE_DOWN), 1);
    assert_int_equal(read_residency(&rig, 2, RIG_CORE_DOWN), 0);
    rig.time = 1700;
    assert_true(rig_wake(&rig, 2));
    assert_int_equal(read_residency(&rig, 2, RIG_CORE_DOWN), 700);
    rig.time = 2000;
    assert_true(rig_sleep(&rig, 2, RIG_STANDBY));
    rig.time = 2001;
    assert_true(rig_wake(&rig, 2));
    assert_int_equal(read_count(&rig, 2, RIG_CORE_DOWN), 1);
    assert_int_equal(read_count(&rig, 2, RIG_STANDBY), 1);
    assert_int_equal(read_residency(&rig, 2, RIG_STANDBY), 1);
}

static void all_cores_of_a_cluster_are_told_the_same_of_it(void **state)
{
    (void)state;
    make_sleeper();
    rig.time = 1700;
    assert_true(rig_wake(&rig, 2));
    assert_int_equal(read_count(&rig, 2, RIG_CLUSTER_DOWN), 1);
    assert_int_equal(read_count(&rig, 3, RIG_CLUSTER_DOWN), 1);
    assert_int_equal(read_residency(&rig, 2, RIG_CLUSTER_DOWN), 700);
    assert_int_equal(read_residency(&rig, 3, RIG_CLUSTER_DOWN), 700);
    assert_int_equal(read_count(&rig, 0, RIG_CLUSTER_DOWN), 0);
}

static void what_does_not_exist_counts_0(void **state)
{
    (void)state;
    make_sleeper();
    assert_int_equal(read_count(&rig, 5, RIG_CORE_DOWN), 0);
    assert_int_equal(read_count(&rig, 2, RIG_CORE_DOWN + 1), 0);
    assert_int_equal(read_residency(&rig, 5, RIG_CORE_DOWN + 1), 0);
}

static void reset_begins_anew(void **state)
{
    (void)state;
    make_sleeper();
    vpsci_reset(rig.vm);
    assert_int_equal(read_count(&rig, 2, RIG_CLUSTER_DOWN), 0);
    assert_int_equal(read_residency(&rig, 2, RIG_CORE_DOWN), 0);
}

static void statistics_need_memory_a_clock_and_the_capability(void **state)
{
    (void)state;
    rig_describe(&rig, 4);
    rig.config.statistics = NULL;
    assert_int_equal(rig_init(&rig), 0);
    assert_int_equal(read_count(&rig, 2, RIG_CORE_DOWN), VPSCI_NOT_SUPPORTED);
    rig_describe(&rig, 4);
    rig.ops.now = NULL;
    assert_int_equal(rig_init(&rig), 0);
    assert_int_equal(read_count(&rig, 2, RIG_CORE_DOWN), VPSCI_NOT_SUPPORTED);
    rig.config.ops = NULL;
    assert_int_equal(rig_init(&rig), 0);
    assert_int_equal(read_residency(&rig, 2, RIG_CORE_DOWN), VPSCI_NOT_SUPPORTED);
    rig_describe(&rig, 4);
    rig.config.capabilities &= ~(uint32_t)VPSCI_CAP_STATISTICS;
    assert_int_equal(rig_init(&rig), 0);
    assert_int_equal(read_residency(&rig, 2, RIG_CORE_DOWN), VPSCI_NOT_SUPPORTED);
}

/* From `rig` to `other`, as it is described. */
static void move_record(void)
{
    ptrdiff_t size = vpsci_save(rig.vm, record, sizeof(record));

    assert_true(size > 0);
    assert_int_equal(rig_init(&other), 0);
    assert_int_equal(vpsci_restore(other.vm, record, (size_t)size), 0);
}

static void stay_goes_on_by_the_clock_of_another_place(void **state)
{
    static const uint64_t clocks[] = {0, 70, 4999, 1000000};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        make_sleeper();
        rig.time = 5000;
        rig_describe(&other, 4);
        other.time = clocks[i];
        move_record();
        other.time += 100;
        assert_true(rig_wake(&other, 2));
        assert_int_equal(read_count(&other, 2, RIG_CORE_DOWN), 1);
        assert_int_equal(read_residency(&other, 2, RIG_CORE_DOWN), 4000 + 100);
        assert_int_equal(read_residency(&other, 3, RIG_CLUSTER_DOWN), 4000 + 100);
    }
}

static void statistics_go_on_if_moved_twice(void **state)
{
    ptrdiff_t size;

    (void)state;
    make_sleeper();
    rig.time = 1010;
    rig_describe(&other, 4);
    move_record();
    other.time = 7;
    size = vpsci_save(other.vm, record, sizeof(record));
    rig.time = 900000;
    assert_int_equal(vpsci_restore(rig.vm, record, (size_t)size), 0);
    rig.time += 3;
    assert_true(rig_wake(&rig, 2));
    assert_int_equal(read_residency(&rig, 2, RIG_CORE_DOWN), 10 + 7 + 3);
}

static void record_without_statistics_begins_at_0(void **state)
{
    (void)state;
    rig_describe(&rig, 4);
    rig.config.statistics = NULL;
    assert_int_equal(rig_init(&rig), 0);
    assert_true(rig_run(&rig, 2) && rig_sleep(&rig, 2, RIG_CORE_DOWN));
    rig_describe(&other, 4);
    other.time = 50;
    move_record();
    other.time = 60;
    assert_true(rig_wake(&other, 2));
    assert_int_equal(read_count(&other, 2, RIG_CORE_DOWN), 0);
    assert_int_equal(read_residency(&other, 2, RIG_CORE_DOWN), 0);
}

static void record_with_statistics_goes_where_there_are_none(void **state)
{
    (void)state;
    make_sleeper();
    rig_describe(&other, 4);
    other.config.statistics = NULL;
    move_record();
    assert_true(rig_wake(&other, 2));
    assert_int_equal(read_count(&other, 2, RIG_CORE_DOWN), VPSCI_NOT_SUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_are_counted_and_summed_up),
        cmocka_unit_test(all_cores_of_a_cluster_are_told_the_same_of_it),
        cmocka_unit_test(what_does_not_exist_counts_0),
        cmocka_unit_test(reset_begins_anew),
        cmocka_unit_test(statistics_need_memory_a_clock_and_the_capability),
        cmocka_unit_test(stay_goes_on_by_the_clock_of_another_place),
        cmocka_unit_test(statistics_go_on_if_moved_twice),
        cmocka_unit_test(record_without_statistics_begins_at_0),
        cmocka_unit_test(record_with_statistics_goes_where_there_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
