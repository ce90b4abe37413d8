/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of states and trees of domains: what is sound, and what the cores of a domain agree to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define NO VPSCI_NO_STATE

enum { STANDBY = VPSCI_HW_STANDBY, OFF = VPSCI_HW_OFF, TABLE_MAX = 4 };

static struct rig rig;

struct table {
    uint32_t options;
    uint32_t count;
    struct vpsci_power_state states[TABLE_MAX];
};

static int init_table(const struct table *table)
{
    rig_describe(&rig, 4);
    rig.config.options = table->options;
    rig.config.states = table->states;
    rig.config.state_count = table->count;
    return rig_init(&rig);
}

/* ---- Tables of states --------------------------------------------------------------------- */

static void sound_tables_are_accepted(void **state)
{
    static const struct table tables[] = {
        {0, 1, {{0, 0, STANDBY, NO}}},
        {0, 1, {{0x10000, 0, OFF, NO}}},
        {0, 2, {{0x1ffff, 0, OFF, NO}, {0x1010000, 1, OFF, 0}}},
        {0, 2, {{0x1, 0, STANDBY, NO}, {0x1000001, 1, STANDBY, 0}}},
        {0,
         4,
         {{0x10000, 0, OFF, NO},
          {0x1010000, 1, OFF, 0},
          {0x2010000, 2, OFF, 1},
          {0x3010000, 3, STANDBY, 2}}},
        {VPSCI_OPTION_EXTENDED_STATE, 1, {{0xfffffff, 0, STANDBY, NO}}},
        {VPSCI_OPTION_EXTENDED_STATE, 2, {{0x4fffffff, 0, OFF, NO}, {0x40000000, 1, STANDBY, 0}}},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        assert_int_equal(init_table(&tables[i]), 0);
    }
}

static void unsound_tables_are_refused(void **state)
{
    static const struct table tables[] = {
        {0, 1, {{0, VPSCI_LEVEL_MAX + 1, STANDBY, NO}}},
        {0, 1, {{0, 0, VPSCI_HW_ON, NO}}},
        {0, 1, {{0, 0, STANDBY + 1, NO}}},
        {0, 1, {{0, 0, STANDBY, 0}}},
        {0, 1, {{0x1000000, 1, STANDBY, NO}}},
        {0, 1, {{0x1000000, 1, STANDBY, 0}}},
        {0, 2, {{0x1000000, 1, STANDBY, 1}, {0, 0, STANDBY, NO}}},
        {0, 2, {{0, 0, STANDBY, NO}, {0x2000000, 2, STANDBY, 0}}},
        {0, 2, {{0, 0, STANDBY, NO}, {0x1000000, 1, OFF, 0}}},
        {0, 2, {{0, 0, STANDBY, NO}, {0, 0, STANDBY, NO}}},
        {0, 1, {{0x10000, 0, STANDBY, NO}}},
        {0, 1, {{0, 0, OFF, NO}}},
        {0, 1, {{0x1000000, 0, STANDBY, NO}}},
        {0, 1, {{0x20000, 0, STANDBY, NO}}},
        {0, 1, {{0x4000000, 0, STANDBY, NO}}},
        {VPSCI_OPTION_EXTENDED_STATE, 1, {{0x10000000, 0, STANDBY, NO}}},
        {VPSCI_OPTION_EXTENDED_STATE, 1, {{0x80000000, 0, STANDBY, NO}}},
        {VPSCI_OPTION_EXTENDED_STATE, 1, {{0x40000000, 0, STANDBY, NO}}},
        {VPSCI_OPTION_EXTENDED_STATE, 1, {{0x00000001, 0, OFF, NO}}},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        assert_int_equal(init_table(&tables[i]), VPSCI_E_STATES);
        assert_null(rig.vm);
    }
}

static void table_of_the_most_entries_is_accepted(void **state)
{
    static struct vpsci_power_state states[VPSCI_STATE_MAX];
    uint32_t i;

    (void)state;
    for (i = 0; i < VPSCI_STATE_MAX; i++) {
        states[i] = (struct vpsci_power_state){i, 0, STANDBY, NO};
    }
    rig_describe(&rig, 4);
    rig.config.states = states;
    rig.config.state_count = VPSCI_STATE_MAX;
    assert_int_equal(rig_init(&rig), 0);
    assert_true(rig_sleep(&rig, 0, VPSCI_STATE_MAX - 1));
}

/* ---- Trees of domains --------------------------------------------------------------------- */

static int init_tree(const uint16_t *one, const uint16_t *two, const uint16_t *three)
{
    rig_describe(&rig, 4);
    rig.config.domains[0] = one;
    rig.config.domains[1] = two;
    rig.config.domains[2] = three;
    return rig_init(&rig);
}

static void sound_trees_are_accepted(void **state)
{
    static const uint16_t all[] = {0, 0, 0, 0};
    static const uint16_t alternating[] = {0, 1, 0, 1};
    static const uint16_t each[] = {0, 1, 2, 3};

    (void)state;
    assert_int_equal(init_tree(NULL, NULL, NULL), 0);
    assert_int_equal(init_tree(all, all, all), 0);
    assert_int_equal(init_tree(alternating, all, NULL), 0);
    assert_int_equal(init_tree(each, alternating, all), 0);
}

static void unsound_trees_are_refused(void **state)
{
    static const uint16_t later[] = {0, 2, 2, 3};
    static const uint16_t beyond[] = {0, 0, 0, 4};
    static const uint16_t not_first[] = {0, 0, 1, 1};
    static const uint16_t all[] = {0, 0, 0, 0};
    static const uint16_t alternating[] = {0, 1, 0, 1};

    (void)state;
    assert_int_equal(init_tree(later, NULL, NULL), VPSCI_E_STATES);
    assert_int_equal(init_tree(beyond, NULL, NULL), VPSCI_E_STATES);
    assert_int_equal(init_tree(not_first, NULL, NULL), VPSCI_E_STATES);
    assert_int_equal(init_tree(all, alternating, NULL), VPSCI_E_STATES);
    assert_int_equal(init_tree(NULL, NULL, not_first), VPSCI_E_STATES);
    assert_int_equal(init_tree(NULL, alternating, NULL), VPSCI_E_STATES);
}

static void given_domains_count_and_not_the_names(void **state)
{
    static const uint16_t alternating[] = {0, 1, 0, 1};

    (void)state;
    assert_int_equal(init_tree(alternating, NULL, NULL), 0);
    assert_true(rig_run(&rig, 1));
    assert_true(rig_run(&rig, 2));
    assert_true(rig_sleep(&rig, 2, RIG_CLUSTER_DOWN));
    assert_int_equal(rig_node(&rig, 0, 2, 1), VPSCI_HW_ON);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_int_equal(rig_node(&rig, 1, 2, 1), OFF);
    assert_int_equal(rig_node(&rig, 1, 0, 1), OFF);
    assert_int_equal(rig_node(&rig, 1, 3, 1), VPSCI_HW_ON);
}

/* ---- Platform-coordinated mode ------------------------------------------------------------ */

/* All four run, but for the last, which looks on. */
static void make_four(void)
{
    assert_true(rig_make(&rig, 4));
    assert_true(rig_run(&rig, 1));
    assert_true(rig_run(&rig, 2));
    assert_true(rig_run(&rig, 3));
}

/* What the first cluster does after its cores have asked for these, in either order. */
static int64_t cluster_of(uint32_t first, uint32_t second)
{
    int64_t one_way;

    make_four();
    assert_true(rig_sleep(&rig, 0, first));
    assert_int_equal(rig_node(&rig, 3, 0, 1), VPSCI_HW_ON);
    assert_true(rig_sleep(&rig, 1, second));
    one_way = rig_node(&rig, 3, 0, 1);
    make_four();
    assert_true(rig_sleep(&rig, 1, first));
    assert_true(rig_sleep(&rig, 0, second));
    assert_int_equal(rig_node(&rig, 3, 1, 1), one_way);
    return one_way;
}

static void cluster_gets_the_shallowest_state_asked_for(void **state)
{
    (void)state;
    assert_int_equal(cluster_of(RIG_CLUSTER_DOWN, RIG_CLUSTER_DOWN), OFF);
    assert_int_equal(cluster_of(RIG_CLUSTER_DOWN, RIG_CLUSTER_RETENTION), STANDBY);
    assert_int_equal(cluster_of(RIG_CLUSTER_RETENTION, RIG_CLUSTER_DOWN), STANDBY);
    assert_int_equal(cluster_of(RIG_CLUSTER_DOWN, RIG_CLUSTER_STANDBY), STANDBY);
    assert_int_equal(cluster_of(RIG_SYSTEM_DOWN, RIG_CLUSTER_DOWN), OFF);
    assert_int_equal(cluster_of(RIG_SYSTEM_DOWN, RIG_SYSTEM_DOWN), OFF);
}

static void cluster_stays_on_for_a_core_that_asks_only_for_itself(void **state)
{
    (void)state;
    assert_int_equal(cluster_of(RIG_CLUSTER_DOWN, RIG_CORE_DOWN), VPSCI_HW_ON);
    assert_int_equal(cluster_of(RIG_CLUSTER_DOWN, RIG_STANDBY), VPSCI_HW_ON);
    assert_int_equal(cluster_of(RIG_STANDBY, RIG_CLUSTER_STANDBY), VPSCI_HW_ON);
}

/* In the table, OFF comes before the standby that keeps the cores. */
static void cluster_is_not_off_above_a_core_in_standby(void **state)
{
    static const struct table table = {
        0,
        4,
        {{0, 0, STANDBY, NO},
         {0x10000, 0, OFF, NO},
         {0x1010000, 1, OFF, 1},
         {0x1000000, 1, STANDBY, 0}},
    };

    (void)state;
    assert_int_equal(init_table(&table), 0);
    assert_true(rig_run(&rig, 1));
    assert_true(rig_run(&rig, 2));
    assert_true(rig_sleep(&rig, 0, 0x1000000));
    assert_true(rig_sleep(&rig, 1, 0x1010000));
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_ON);
}

static void off_cores_agree_to_everything(void **state)
{
    (void)state;
    make_four();
    assert_int_equal(rig_call(&rig, 0, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_int_equal(rig_node(&rig, 3, 0, 1), VPSCI_HW_ON);
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_FREEZE), 0, 0, 0).wait, VPSCI_WAIT_FROZEN);
    assert_int_equal(rig_node(&rig, 3, 0, 1), OFF);
    assert_int_equal(vpsci_mp_state_set(rig_vcpu(&rig, 0), VPSCI_MP_RUNNABLE), 0);
    assert_int_equal(rig_node(&rig, 3, 0, 1), VPSCI_HW_ON);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_RETENTION));
    assert_int_equal(rig_node(&rig, 3, 0, 1), STANDBY);
}

/* No CPU can look at the highest domain while it is down; statistics count that it was. */
static void all_of_the_system_goes_down_and_one_wake_brings_back_its_part(void **state)
{
    uint32_t cpu;

    (void)state;
    make_four();
    for (cpu = 0; cpu < 4; cpu++) {
        assert_true(rig_sleep(&rig, cpu, RIG_SYSTEM_DOWN));
    }
    assert_true(rig_wake(&rig, 2));
    assert_int_equal(rig_node(&rig, 2, 0, 0), OFF);
    assert_int_equal(rig_node(&rig, 2, 0, 1), OFF);
    assert_int_equal(rig_node(&rig, 2, 2, 1), VPSCI_HW_ON);
    assert_int_equal(rig_node(&rig, 2, 0, 2), VPSCI_HW_ON);
    assert_int_equal(rig_result(&rig, 2, FN64(STAT_COUNT), 0, RIG_SYSTEM_DOWN, 0), 1);
}

static void system_is_not_off_above_a_cluster_in_retention(void **state)
{
    (void)state;
    make_four();
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_RETENTION));
    assert_true(rig_sleep(&rig, 1, RIG_SYSTEM_DOWN));
    assert_true(rig_sleep(&rig, 2, RIG_SYSTEM_DOWN));
    assert_true(rig_sleep(&rig, 3, RIG_SYSTEM_DOWN));
    assert_true(rig_wake(&rig, 2));
    assert_int_equal(rig_node(&rig, 2, 0, 1), STANDBY);
    assert_int_equal(rig_result(&rig, 2, FN64(STAT_COUNT), 0, RIG_SYSTEM_DOWN, 0), 0);
}

static void domains_need_no_statistics(void **state)
{
    (void)state;
    rig_describe(&rig, 4);
    rig.config.statistics = NULL;
    assert_int_equal(rig_init(&rig), 0);
    assert_true(rig_run(&rig, 2));
    assert_int_equal(rig_node(&rig, 0, 2, 1), VPSCI_HW_ON);
    assert_true(rig_sleep(&rig, 2, RIG_CLUSTER_DOWN));
    assert_int_equal(rig_node(&rig, 0, 2, 1), OFF);
    assert_true(rig_wake(&rig, 2));
    assert_int_equal(rig_node(&rig, 0, 2, 1), VPSCI_HW_ON);
}

static void nodes_that_do_not_exist_have_no_state(void **state)
{
    (void)state;
    make_four();
    assert_int_equal(rig_node(&rig, 0, 0, 2), VPSCI_HW_ON);
    assert_int_equal(rig_node(&rig, 0, 0, 3), VPSCI_INVALID_PARAMETERS);
    assert_int_equal(rig_node(&rig, 0, 7, 0), VPSCI_INVALID_PARAMETERS);
    assert_int_equal(rig_node(&rig, 0, 0, UINT32_MAX), VPSCI_INVALID_PARAMETERS);
}

static void cores_say_what_their_hardware_would(void **state)
{
    (void)state;
    make_four();
    assert_int_equal(rig_node(&rig, 3, 0, 0), VPSCI_HW_ON);
    assert_true(rig_sleep(&rig, 0, RIG_STANDBY));
    assert_int_equal(rig_node(&rig, 3, 0, 0), STANDBY);
    assert_true(vpsci_wake(rig_vcpu(&rig, 0)));
    assert_int_equal(rig_node(&rig, 3, 0, 0), VPSCI_HW_ON);
    assert_true(rig_sleep(&rig, 1, RIG_CORE_DOWN));
    assert_int_equal(rig_node(&rig, 3, 1, 0), OFF);
    assert_int_equal(vpsci_mp_state_set(rig_vcpu(&rig, 2), VPSCI_MP_SUSPENDED), 0);
    assert_int_equal(rig_node(&rig, 3, 2, 0), STANDBY);
}

/* ---- OS-initiated mode -------------------------------------------------------------------- */

static void make_four_by_os(void)
{
    assert_true(rig_make(&rig, 4));
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 1, 0, 0), VPSCI_SUCCESS);
    assert_true(rig_run(&rig, 1));
    assert_true(rig_run(&rig, 2));
    assert_true(rig_run(&rig, 3));
}

static int64_t try_refused(uint32_t cpu, uint32_t power_state)
{
    return rig_result(&rig, cpu, FN64(CPU_SUSPEND), power_state, RIG_ENTRY, 0);
}

static void last_core_decides(void **state)
{
    (void)state;
    make_four_by_os();
    assert_true(rig_sleep(&rig, 0, RIG_CORE_DOWN));
    assert_int_equal(rig_node(&rig, 3, 0, 1), VPSCI_HW_ON);
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_RETENTION));
    assert_int_equal(rig_node(&rig, 3, 0, 1), STANDBY);
    assert_true(rig_wake(&rig, 1));
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_DOWN));
    assert_int_equal(rig_node(&rig, 3, 0, 1), OFF);
}

static void core_that_is_not_the_last_is_refused(void **state)
{
    (void)state;
    make_four_by_os();
    assert_int_equal(try_refused(0, RIG_CLUSTER_DOWN), VPSCI_DENIED);
    assert_int_equal(try_refused(0, RIG_SYSTEM_DOWN), VPSCI_DENIED);
    assert_int_equal(rig_next(&rig, 0).action, VPSCI_RUN);
    assert_true(rig_sleep(&rig, 1, RIG_CORE_DOWN));
    assert_true(rig_wake(&rig, 1));
    assert_int_equal(try_refused(0, RIG_CLUSTER_DOWN), VPSCI_DENIED);
}

/* A guest cannot tell that from a wake, or a CPU_ON, that comes after the call. */
static void core_that_does_not_run_yet_is_not_up(void **state)
{
    (void)state;
    make_four_by_os();
    assert_true(rig_sleep(&rig, 1, RIG_CORE_DOWN));
    assert_true(vpsci_wake(rig_vcpu(&rig, 1)));
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_int_equal(rig_node(&rig, 3, 0, 1), OFF);
    assert_int_equal(rig_next(&rig, 1).action, VPSCI_ENTER);
    assert_int_equal(rig_node(&rig, 3, 0, 1), VPSCI_HW_ON);
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_true(rig_wake(&rig, 0));
    assert_true(rig_turn_on(&rig, 1));
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_int_equal(rig_next(&rig, 1).action, VPSCI_ENTER);
    assert_int_equal(rig_node(&rig, 3, 0, 1), VPSCI_HW_ON);
}

static void last_core_does_not_turn_off_one_in_standby(void **state)
{
    (void)state;
    make_four_by_os();
    assert_true(rig_sleep(&rig, 1, RIG_STANDBY));
    assert_int_equal(try_refused(0, RIG_CLUSTER_DOWN), VPSCI_INVALID_PARAMETERS);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_STANDBY));
    assert_int_equal(rig_node(&rig, 3, 0, 1), STANDBY);
}

static void last_core_of_the_system_needs_the_other_clusters_down(void **state)
{
    (void)state;
    make_four_by_os();
    assert_true(rig_sleep(&rig, 0, RIG_CORE_DOWN));
    assert_true(rig_sleep(&rig, 1, RIG_CORE_DOWN));
    assert_true(rig_sleep(&rig, 2, RIG_CORE_DOWN));
    assert_int_equal(try_refused(3, RIG_SYSTEM_DOWN), VPSCI_DENIED);
    assert_true(rig_wake(&rig, 1));
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_RETENTION));
    assert_int_equal(try_refused(3, RIG_SYSTEM_DOWN), VPSCI_INVALID_PARAMETERS);
    assert_true(rig_wake(&rig, 1));
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_DOWN));
    assert_true(rig_sleep(&rig, 3, RIG_SYSTEM_DOWN));
    assert_true(rig_wake(&rig, 3));
    assert_int_equal(rig_result(&rig, 3, FN64(STAT_COUNT), 0, RIG_SYSTEM_DOWN, 0), 1);
}

static void core_in_powerdown_leaves_it_to_one_that_goes_off(void **state)
{
    (void)state;
    make_four_by_os();
    assert_true(rig_sleep(&rig, 0, RIG_CORE_DOWN));
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_int_equal(rig_node(&rig, 3, 0, 1), OFF);
    make_four_by_os();
    assert_true(rig_sleep(&rig, 0, RIG_STANDBY));
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_int_equal(rig_node(&rig, 3, 0, 1), VPSCI_HW_ON);
}

static void mode_goes_back_only_by_the_last_core(void **state)
{
    (void)state;
    make_four_by_os();
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 0, 0, 0), VPSCI_DENIED);
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 1, 0, 0), VPSCI_SUCCESS);
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 2, 0, 0),
                     VPSCI_INVALID_PARAMETERS);
    vpsci_reset(rig.vm);
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 1, 0, 0), VPSCI_SUCCESS);
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 0, 0, 0), VPSCI_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_tables_are_accepted),
        cmocka_unit_test(unsound_tables_are_refused),
        cmocka_unit_test(table_of_the_most_entries_is_accepted),
        cmocka_unit_test(sound_trees_are_accepted),
        cmocka_unit_test(unsound_trees_are_refused),
        cmocka_unit_test(given_domains_count_and_not_the_names),
        cmocka_unit_test(cluster_gets_the_shallowest_state_asked_for),
        cmocka_unit_test(cluster_stays_on_for_a_core_that_asks_only_for_itself),
        cmocka_unit_test(cluster_is_not_off_above_a_core_in_standby),
        cmocka_unit_test(off_cores_agree_to_everything),
        cmocka_unit_test(all_of_the_system_goes_down_and_one_wake_brings_back_its_part),
        cmocka_unit_test(system_is_not_off_above_a_cluster_in_retention),
        cmocka_unit_test(domains_need_no_statistics),
        cmocka_unit_test(nodes_that_do_not_exist_have_no_state),
        cmocka_unit_test(cores_say_what_their_hardware_would),
        cmocka_unit_test(last_core_decides),
        cmocka_unit_test(core_that_is_not_the_last_is_refused),
        cmocka_unit_test(core_that_does_not_run_yet_is_not_up),
        cmocka_unit_test(last_core_does_not_turn_off_one_in_standby),
        cmocka_unit_test(last_core_of_the_system_needs_the_other_clusters_down),
        cmocka_unit_test(core_in_powerdown_leaves_it_to_one_that_goes_off),
        cmocka_unit_test(mode_goes_back_only_by_the_last_core),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
