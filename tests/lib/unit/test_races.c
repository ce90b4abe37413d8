/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What two threads do at once, in one: at a chosen step of one call another one happens. Calls of
 * owners within each other are of different vCPUs, as they would be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "internal.h"
#include "rig.h"
#include "trap.h"

static struct rig rig;
static unsigned char record[4096];

/* What the interrupting call got. */
static int64_t got[2];

static void make_rig(uint32_t cpus)
{
    assert_true(rig_make(&rig, cpus));
    got[0] = got[1] = INT64_MIN;
}

static const struct vpsci__cell *word_of(uint32_t cpu)
{
    return &rig_vcpu(&rig, cpu)->word;
}

/* Before the access number `skip` (from 0) of this kind, calls `spring`. */
static void interrupt_at(enum access_op op, const struct vpsci__cell *cell, unsigned skip,
                         void (*spring)(void *rig))
{
    trap_set((struct trap){op, cell, skip, spring, &rig});
}

static void assert_interrupted(void)
{
    assert_true(trap_sprang());
}

/* ---- What happens in between -------------------------------------------------------------- */

static void look_at_1(void *machine)
{
    got[0] = rig_result(machine, 0, FN64(AFFINITY_INFO), rig.mpidrs[1].value, 0, 0);
    got[1] = rig_node(machine, 0, 1, 0);
}

static void look_at_1_by_2(void *machine)
{
    got[0] = rig_result(machine, 2, FN64(AFFINITY_INFO), rig.mpidrs[1].value, 0, 0);
}

static void turn_on_1(void *machine)
{
    got[0] = rig_result(machine, 0, FN64(CPU_ON), rig.mpidrs[1].value, RIG_ENTRY, 0);
}

static void turn_off_0(void *machine)
{
    got[0] = rig_call(machine, 0, FN32(CPU_OFF), 0, 0, 0).wait;
}

static void wake_0(void *machine)
{
    got[0] = vpsci_wake(rig_vcpu(machine, 0));
}

static void wake_1(void *machine)
{
    got[0] = vpsci_wake(rig_vcpu(machine, 1));
}

static void run_1_again(void *machine)
{
    got[0] = rig_wake(machine, 1);
}

static void put_1_to_sleep(void *machine)
{
    got[0] = rig_sleep(machine, 1, RIG_CLUSTER_DOWN);
}

static void nap_1(void *machine)
{
    got[0] = rig_wake(machine, 1) && rig_sleep(machine, 1, RIG_CORE_DOWN);
}

static void nap_1_deeply(void *machine)
{
    got[0] = rig_wake(machine, 1) && rig_sleep(machine, 1, RIG_CLUSTER_DOWN);
}

static void reset_by_1(void *machine)
{
    got[0] = rig_call(machine, 1, FN32(SYSTEM_RESET), 0, 0, 0).action;
}

static void set_mode_by_1(void *machine)
{
    got[0] = rig_result(machine, 1, FN32(SET_SUSPEND_MODE), 1, 0, 0);
}

static void set_mode_by_0(void *machine)
{
    got[0] = rig_result(machine, 0, FN32(SET_SUSPEND_MODE), 1, 0, 0);
}

static void protect_by_1(void *machine)
{
    got[0] = rig_result(machine, 1, FN32(MEM_PROTECT), 1, 0, 0);
}

static void refuse_0(void *machine)
{
    got[0] = vpsci_answer(rig_vcpu(machine, 0), VPSCI_DENIED);
}

static void host_turns_on_1(void *machine)
{
    got[0] = vpsci_mp_state_set(rig_vcpu(machine, 1), VPSCI_MP_RUNNABLE);
}

static void save_other(void *machine)
{
    got[0] = vpsci_save(((struct rig *)machine)->vm, record, sizeof(record));
}

/* ---- CPU_OFF ------------------------------------------------------------------------------ */

static void leaving_core_is_on_until_the_journal_says_otherwise(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->census, 0, look_at_1);
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_interrupted();
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], VPSCI_HW_ON);
    assert_int_equal(rig_state(&rig, 1), VPSCI_STATE_OFF);
}

static void core_in_the_journal_is_off_though_its_word_is_not(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, word_of(1), 1, look_at_1);
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_interrupted();
    assert_int_equal(got[0], 1);
    assert_int_equal(got[1], VPSCI_HW_OFF);
    assert_int_equal(vpsci_on_count(rig.vm), 1);
}

static void core_that_never_ran_keeps_no_domain_up(void **state)
{
    (void)state;
    make_rig(4);
    assert_true(rig_run(&rig, 2));
    assert_true(rig_turn_on(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->census, 0, turn_off_0);
    assert_int_equal(vpsci_mp_state_set(rig_vcpu(&rig, 1), VPSCI_MP_STOPPED), 0);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_WAIT_OFF);
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_OFF);
}

static void core_that_never_ran_is_pending_until_it_is_off(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_turn_on(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->census, 0, turn_on_1);
    assert_int_equal(vpsci_mp_state_set(rig_vcpu(&rig, 1), VPSCI_MP_STOPPED), 0);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_ON_PENDING);
    assert_int_equal(rig_state(&rig, 1), VPSCI_STATE_OFF);
}

/* The host held the vCPU, so that vpsci_call() asks vpsci_next(); by then it runs again. */
static void call_of_a_core_that_is_woken_meanwhile_is_carried_out(void **state)
{
    (void)state;
    make_rig(2);
    assert_int_equal(vpsci_mp_state_set(rig_vcpu(&rig, 0), VPSCI_MP_SUSPENDED), 0);
    interrupt_at(ACCESS_LOAD, word_of(0), 1, wake_0);
    assert_int_equal(rig_result(&rig, 0, FN32(VERSION), 0, 0, 0), vpsci_version(rig.vm));
    assert_interrupted();
    assert_int_equal(got[0], true);
}

/* ---- CPU_SUSPEND -------------------------------------------------------------------------- */

static void wake_while_falling_asleep_is_kept(void **state)
{
    struct vpsci_outcome out;

    (void)state;
    make_rig(2);
    interrupt_at(ACCESS_SWAP, word_of(0), 0, wake_0);
    assert_true(rig_sleep(&rig, 0, RIG_STANDBY));
    assert_interrupted();
    assert_int_equal(got[0], true);
    out = rig_next(&rig, 0);
    assert_int_equal(out.action, VPSCI_RETURN);
    assert_int_equal(out.x0, VPSCI_SUCCESS);
}

static void wake_that_comes_second_wakes_nobody(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_sleep(&rig, 0, RIG_STANDBY));
    interrupt_at(ACCESS_SWAP, word_of(0), 0, wake_0);
    assert_false(vpsci_wake(rig_vcpu(&rig, 0)));
    assert_interrupted();
    assert_int_equal(got[0], true);
}

static void suspend_beside_a_reset_sleeps(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->system, 0, reset_by_1);
    assert_true(rig_sleep(&rig, 0, RIG_STANDBY));
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_WAIT);
    assert_int_equal(vpsci_system_state(rig.vm), VPSCI_SYSTEM_STOPPING);
    assert_int_equal(rig_state(&rig, 0), VPSCI_STATE_STANDBY);
}

static void two_first_suspends_at_once_both_sleep(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->system, 0, put_1_to_sleep);
    assert_true(rig_sleep(&rig, 0, RIG_STANDBY));
    assert_interrupted();
    assert_int_equal(got[0], true);
    assert_int_equal(rig_state(&rig, 0), VPSCI_STATE_STANDBY);
}

static void mode_is_refused_after_a_suspend_that_came_between(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->system, 0, put_1_to_sleep);
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 1, 0, 0), VPSCI_DENIED);
    assert_interrupted();
    assert_int_equal(got[0], true);
}

/* ---- Domains ------------------------------------------------------------------------------ */

/* Two cores of a cluster, and one of another that looks on. */
static void make_cluster(void)
{
    make_rig(4);
    assert_true(rig_run(&rig, 1));
    assert_true(rig_run(&rig, 2));
}

static int64_t clusters_downs(void)
{
    return rig_result(&rig, 2, FN64(STAT_COUNT), rig.mpidrs[0].value, RIG_CLUSTER_DOWN, 0);
}

/* A cell of the row of the first cluster: its head, what is counted, what cores asked for. */
enum { HEAD, COUNTS, VOTES };

static const struct vpsci__cell *cluster(unsigned cell)
{
    return &vpsci__domain_row(rig.vm, 0)[cell];
}

static int64_t clusters_stay(void)
{
    return rig_result(&rig, 2, FN64(STAT_RESIDENCY), rig.mpidrs[0].value, RIG_CLUSTER_DOWN, 0);
}

static void two_last_cores_take_their_cluster_down_once(void **state)
{
    (void)state;
    make_cluster();
    interrupt_at(ACCESS_SWAP, cluster(HEAD), 0, put_1_to_sleep);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_interrupted();
    assert_int_equal(got[0], true);
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_OFF);
    assert_int_equal(clusters_downs(), 1);
}

/* The other core is as it was, but for how often it has been up. */
static void cluster_goes_down_once_if_another_core_is_up_meanwhile(void **state)
{
    (void)state;
    make_cluster();
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_DOWN));
    interrupt_at(ACCESS_SWAP, cluster(HEAD), 0, nap_1_deeply);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_interrupted();
    assert_int_equal(got[0], true);
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_OFF);
    assert_int_equal(clusters_downs(), 1);
}

static void cluster_stays_on_for_a_core_that_comes_up_during_the_look(void **state)
{
    (void)state;
    make_cluster();
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_DOWN));
    interrupt_at(ACCESS_LOAD, cluster(COUNTS), 0, run_1_again);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_interrupted();
    assert_int_equal(got[0], true);
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_ON);
    assert_int_equal(clusters_downs(), 0);
}

/* The stay that did not begin is not taken for the beginning of the next one. */
static void stay_that_another_core_prevents_leaves_no_trace(void **state)
{
    (void)state;
    make_cluster();
    rig.time = 100;
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_DOWN));
    interrupt_at(ACCESS_SWAP, cluster(HEAD), 0, run_1_again);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_interrupted();
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_ON);
    assert_int_equal(clusters_downs(), 0);
    assert_int_equal(vpsci__load(&vpsci__stat_row(rig.vm, 0)[1]), 0);
    rig.time = 200;
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_DOWN));
    rig.time = 207;
    assert_true(rig_wake(&rig, 1));
    assert_int_equal(clusters_downs(), 1);
    assert_int_equal(clusters_stay(), 7);
}

/* Up and down again, with another state. */
static void nap_1_in_retention(void *machine)
{
    rig.time += 10;
    got[1] = rig_wake(machine, 1) && rig_sleep(machine, 1, RIG_CLUSTER_RETENTION);
}

static void cluster_follows_votes_that_change_as_it_goes_down(void **state)
{
    (void)state;
    make_cluster();
    assert_true(rig_sleep(&rig, 1, RIG_CLUSTER_DOWN));
    interrupt_at(ACCESS_SWAP, cluster(HEAD), 0, nap_1_in_retention);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_interrupted();
    assert_int_equal(got[1], true);
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_STANDBY);
}

/* A core that comes up keeps its cluster on before a guest can see that it is on. */
static void cluster_is_on_before_its_core(void **state)
{
    (void)state;
    make_cluster();
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_int_equal(rig_result(&rig, 2, FN64(CPU_ON), rig.mpidrs[1].value, RIG_ENTRY, 0), 0);
    interrupt_at(ACCESS_SWAP, cluster(HEAD), 0, look_at_1_by_2);
    assert_int_equal(rig_next(&rig, 1).action, VPSCI_ENTER);
    assert_interrupted();
    assert_int_equal(got[0], 2);
    assert_int_equal(rig_node(&rig, 2, 0, 1), VPSCI_HW_ON);
}

/* The census says off, the word says off: no record may be made until its cluster says so. */
static void record_is_not_made_of_a_core_that_its_cluster_still_counts(void **state)
{
    (void)state;
    make_cluster();
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    interrupt_at(ACCESS_SWAP, cluster(HEAD), 0, save_other);
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_E_BUSY);
    assert_true(vpsci_save(rig.vm, record, sizeof(record)) > 0);
}

/* ---- OS-initiated mode -------------------------------------------------------------------- */

static void make_pair_by_os(void)
{
    make_rig(4);
    assert_int_equal(rig_result(&rig, 0, FN32(SET_SUSPEND_MODE), 1, 0, 0), VPSCI_SUCCESS);
    assert_true(rig_run(&rig, 1));
    assert_true(rig_sleep(&rig, 1, RIG_CORE_DOWN));
}

static void last_core_is_refused_if_another_was_up_during_its_look(void **state)
{
    (void)state;
    make_pair_by_os();
    interrupt_at(ACCESS_LOAD, cluster(HEAD), 1, nap_1);
    assert_int_equal(rig_result(&rig, 0, FN64(CPU_SUSPEND), RIG_CLUSTER_DOWN, RIG_ENTRY, 0),
                     VPSCI_DENIED);
    assert_interrupted();
    assert_int_equal(got[0], true);
}

static void nap_1_in_standby(void *machine)
{
    got[0] = rig_wake(machine, 1) && rig_sleep(machine, 1, RIG_STANDBY);
}

/* It was permitted; but what was true then is not when the cluster would go down. */
static void cluster_is_not_off_above_one_that_went_to_standby_meanwhile(void **state)
{
    (void)state;
    make_pair_by_os();
    interrupt_at(ACCESS_SWAP, cluster(HEAD), 0, nap_1_in_standby);
    assert_true(rig_sleep(&rig, 0, RIG_CLUSTER_DOWN));
    assert_interrupted();
    assert_int_equal(got[0], true);
    assert_int_equal(vpsci__node_state(rig.vm, 0, 1), VPSCI_NO_STATE);
    assert_true(rig_wake(&rig, 0));
    assert_int_equal(rig_node(&rig, 0, 0, 1), VPSCI_HW_ON);
}

/* ---- MEM_PROTECT -------------------------------------------------------------------------- */

static void each_mem_protect_is_told_what_it_replaced(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->protect, 0, protect_by_1);
    assert_int_equal(rig_result(&rig, 0, FN32(MEM_PROTECT), 0, 0, 0), 1);
    assert_interrupted();
    assert_int_equal(got[0], 0);
    assert_false(vpsci_mem_protect(rig.vm));
}

/* ---- The host's states -------------------------------------------------------------------- */

static void host_is_told_that_a_cpu_on_came_first(void **state)
{
    (void)state;
    make_rig(2);
    interrupt_at(ACCESS_SWAP, word_of(1), 0, turn_on_1);
    assert_int_equal(vpsci_mp_state_set(rig_vcpu(&rig, 1), VPSCI_MP_RUNNABLE), VPSCI_E_BUSY);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_SUCCESS);
    assert_int_equal(vpsci_on_count(rig.vm), 2);
    assert_int_equal(rig_state(&rig, 1), VPSCI_STATE_ON_PENDING);
}

static void sleeper_that_the_host_stops_during_a_wake_is_off(void **state)
{
    unsigned step;

    (void)state;
    for (step = 0; step < 2; step++) {
        make_rig(2);
        assert_true(rig_run(&rig, 1));
        assert_true(rig_sleep(&rig, 1, RIG_STANDBY));
        interrupt_at(ACCESS_SWAP, word_of(1), step, wake_1);
        assert_int_equal(vpsci_mp_state_set(rig_vcpu(&rig, 1), VPSCI_MP_STOPPED), 0);
        assert_interrupted();
        assert_int_equal(got[0], true);
        assert_int_equal(rig_state(&rig, 1), VPSCI_STATE_OFF);
        assert_int_equal(vpsci_on_count(rig.vm), 1);
    }
}

/* ---- Requests ----------------------------------------------------------------------------- */

static void of_two_answers_to_a_cpu_on_one_gets_through(void **state)
{
    (void)state;
    rig_describe(&rig, 2);
    rig.config.options |= VPSCI_OPTION_ASK_CPU_ON;
    assert_int_equal(rig_init(&rig), 0);
    assert_int_equal(rig_call(&rig, 0, FN64(CPU_ON), rig.mpidrs[1].value, RIG_ENTRY, 0).wait,
                     VPSCI_WAIT_ANSWER);
    interrupt_at(ACCESS_SWAP, word_of(0), 0, refuse_0);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), VPSCI_E_STATE);
    assert_interrupted();
    assert_int_equal(got[0], 0);
    assert_int_equal(rig_state(&rig, 1), VPSCI_STATE_OFF);
    assert_int_equal((int64_t)rig_next(&rig, 0).x0, VPSCI_DENIED);
}

static void make_suspending(void)
{
    make_rig(2);
    assert_int_equal(rig_call(&rig, 0, FN64(SYSTEM_SUSPEND), RIG_ENTRY, RIG_CONTEXT, 0).wait,
                     VPSCI_WAIT_ANSWER);
}

static void wake_while_a_system_suspend_is_honoured_is_kept(void **state)
{
    unsigned step;

    (void)state;
    for (step = 0; step < 2; step++) {
        make_suspending();
        interrupt_at(ACCESS_SWAP, word_of(0), step, wake_0);
        assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), 0);
        assert_interrupted();
        assert_int_equal(got[0], false);
        assert_int_equal(rig_next(&rig, 0).action, VPSCI_ENTER);
    }
}

static void wake_while_a_system_suspend_is_refused_does_not_matter(void **state)
{
    (void)state;
    make_suspending();
    interrupt_at(ACCESS_SWAP, word_of(0), 0, wake_0);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_DENIED), 0);
    assert_interrupted();
    assert_int_equal((int64_t)rig_next(&rig, 0).x0, VPSCI_DENIED);
    assert_int_equal(rig_next(&rig, 0).action, VPSCI_RUN);
}

static void of_two_answers_to_a_system_suspend_one_gets_through(void **state)
{
    (void)state;
    make_suspending();
    interrupt_at(ACCESS_SWAP, word_of(0), 0, refuse_0);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), VPSCI_E_STATE);
    assert_interrupted();
    assert_int_equal(got[0], 0);
    assert_int_equal((int64_t)rig_next(&rig, 0).x0, VPSCI_DENIED);
}

static void make_resetting(void)
{
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    assert_int_equal(rig_call(&rig, 0, FN32(SYSTEM_RESET), 0, 0, 0).wait, VPSCI_WAIT_STOPPED);
}

static void of_two_answers_to_a_reset_one_gets_through(void **state)
{
    (void)state;
    make_resetting();
    interrupt_at(ACCESS_SWAP, &rig.vm->system, 0, refuse_0);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), VPSCI_E_STATE);
    assert_interrupted();
    assert_int_equal(got[0], 0);
    assert_int_equal(vpsci_system_state(rig.vm), VPSCI_SYSTEM_RUNNING);
    assert_int_equal((int64_t)rig_next(&rig, 0).x0, VPSCI_DENIED);
}

/* One that has not noticed yet that the system stops. */
static void reset_is_honoured_beside_another_change_of_the_system(void **state)
{
    unsigned step;

    (void)state;
    for (step = 0; step < 2; step++) {
        make_resetting();
        interrupt_at(ACCESS_SWAP, &rig.vm->system, step, set_mode_by_1);
        assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), 0);
        assert_interrupted();
        assert_int_equal(got[0], VPSCI_SUCCESS);
        assert_int_equal(vpsci_system_state(rig.vm), VPSCI_SYSTEM_STOPPED);
    }
}

/* ---- The system --------------------------------------------------------------------------- */

static void of_two_resets_at_once_one_is_the_request(void **state)
{
    struct vpsci_outcome out;

    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->system, 0, reset_by_1);
    out = rig_call(&rig, 0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_interrupted();
    assert_int_equal(out.wait, VPSCI_WAIT_STOPPED);
    assert_false(out.request.pending);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 1), VPSCI_DENIED), 0);
    assert_int_equal((int64_t)rig_next(&rig, 0).x0, VPSCI_INTERNAL_FAILURE);
    assert_int_equal((int64_t)rig_next(&rig, 1).x0, VPSCI_DENIED);
}

static void reset_beside_another_change_of_the_system_is_the_request(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->system, 0, set_mode_by_1);
    assert_true(rig_call(&rig, 0, FN32(SYSTEM_RESET), 0, 0, 0).request.pending);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_SUCCESS);
}

static void system_suspend_is_refused_if_the_host_turns_one_on(void **state)
{
    (void)state;
    make_rig(2);
    interrupt_at(ACCESS_LOAD, &rig.vm->census, 1, host_turns_on_1);
    assert_int_equal(rig_result(&rig, 0, FN64(SYSTEM_SUSPEND), RIG_ENTRY, 0, 0), VPSCI_DENIED);
    assert_interrupted();
    assert_int_equal(got[0], 0);
    assert_int_equal(rig_next(&rig, 0).action, VPSCI_RUN);
}

static void wake_while_a_system_suspend_is_made_is_kept(void **state)
{
    (void)state;
    make_rig(2);
    interrupt_at(ACCESS_SWAP, word_of(0), 0, wake_0);
    assert_int_equal(rig_call(&rig, 0, FN64(SYSTEM_SUSPEND), RIG_ENTRY, 0, 0).wait,
                     VPSCI_WAIT_ANSWER);
    assert_interrupted();
    assert_int_equal(got[0], false);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), 0);
    assert_int_equal(rig_next(&rig, 0).action, VPSCI_ENTER);
}

/* ---- Saving ------------------------------------------------------------------------------- */

static void record_is_not_made_while_one_goes_off(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_SWAP, &rig.vm->census, 0, save_other);
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).wait, VPSCI_WAIT_OFF);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_E_BUSY);
}

static void record_is_not_made_while_one_falls_asleep(void **state)
{
    (void)state;
    make_rig(2);
    interrupt_at(ACCESS_SWAP, word_of(0), 0, save_other);
    assert_true(rig_sleep(&rig, 0, RIG_STANDBY));
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_E_BUSY);
}

static void record_is_not_made_while_a_stop_is_answered(void **state)
{
    (void)state;
    make_resetting();
    interrupt_at(ACCESS_SWAP, &rig.vm->system, 1, save_other);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), 0);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_E_BUSY);
}

static void record_of_a_vm_that_changes_meanwhile_does_not_count(void **state)
{
    (void)state;
    make_rig(2);
    interrupt_at(ACCESS_LOAD, &rig.vm->protect, 0, turn_on_1);
    assert_int_equal(vpsci_save(rig.vm, record, sizeof(record)), VPSCI_E_BUSY);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_SUCCESS);
    interrupt_at(ACCESS_LOAD, &rig.vm->protect, 0, set_mode_by_0);
    assert_int_equal(vpsci_save(rig.vm, record, sizeof(record)), VPSCI_E_BUSY);
    assert_interrupted();
    assert_int_equal(got[0], VPSCI_SUCCESS);
    assert_true(vpsci_save(rig.vm, record, sizeof(record)) > 0);
}

static jmp_buf descheduled;

static void deschedule_thread(void *machine)
{
    (void)machine;
    longjmp(descheduled, 1);
}

/* Its thread gets no further than this. */
static void begin_to_turn_off_1(void *machine)
{
    interrupt_at(ACCESS_SWAP, &rig.vm->census, 0, deschedule_thread);
    if (setjmp(descheduled) == 0) {
        (void)rig_call(machine, 1, FN32(CPU_OFF), 0, 0, 0);
    }
}

static void record_does_not_count_if_one_is_half_way_at_its_end(void **state)
{
    (void)state;
    make_rig(2);
    assert_true(rig_run(&rig, 1));
    interrupt_at(ACCESS_LOAD, &rig.vm->protect, 0, begin_to_turn_off_1);
    assert_int_equal(vpsci_save(rig.vm, record, sizeof(record)), VPSCI_E_BUSY);
    assert_interrupted();
    assert_int_equal(rig_state(&rig, 1), VPSCI_STATE_ON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaving_core_is_on_until_the_journal_says_otherwise),
        cmocka_unit_test(core_in_the_journal_is_off_though_its_word_is_not),
        cmocka_unit_test(core_that_never_ran_keeps_no_domain_up),
        cmocka_unit_test(core_that_never_ran_is_pending_until_it_is_off),
        cmocka_unit_test(call_of_a_core_that_is_woken_meanwhile_is_carried_out),
        cmocka_unit_test(wake_while_falling_asleep_is_kept),
        cmocka_unit_test(wake_that_comes_second_wakes_nobody),
        cmocka_unit_test(suspend_beside_a_reset_sleeps),
        cmocka_unit_test(two_first_suspends_at_once_both_sleep),
        cmocka_unit_test(mode_is_refused_after_a_suspend_that_came_between),
        cmocka_unit_test(two_last_cores_take_their_cluster_down_once),
        cmocka_unit_test(cluster_goes_down_once_if_another_core_is_up_meanwhile),
        cmocka_unit_test(cluster_stays_on_for_a_core_that_comes_up_during_the_look),
        cmocka_unit_test(stay_that_another_core_prevents_leaves_no_trace),
        cmocka_unit_test(cluster_follows_votes_that_change_as_it_goes_down),
        cmocka_unit_test(cluster_is_on_before_its_core),
        cmocka_unit_test(record_is_not_made_of_a_core_that_its_cluster_still_counts),
        cmocka_unit_test(last_core_is_refused_if_another_was_up_during_its_look),
        cmocka_unit_test(cluster_is_not_off_above_one_that_went_to_standby_meanwhile),
        cmocka_unit_test(each_mem_protect_is_told_what_it_replaced),
        cmocka_unit_test(host_is_told_that_a_cpu_on_came_first),
        cmocka_unit_test(sleeper_that_the_host_stops_during_a_wake_is_off),
        cmocka_unit_test(of_two_answers_to_a_cpu_on_one_gets_through),
        cmocka_unit_test(wake_while_a_system_suspend_is_honoured_is_kept),
        cmocka_unit_test(wake_while_a_system_suspend_is_refused_does_not_matter),
        cmocka_unit_test(of_two_answers_to_a_system_suspend_one_gets_through),
        cmocka_unit_test(of_two_answers_to_a_reset_one_gets_through),
        cmocka_unit_test(reset_is_honoured_beside_another_change_of_the_system),
        cmocka_unit_test(of_two_resets_at_once_one_is_the_request),
        cmocka_unit_test(reset_beside_another_change_of_the_system_is_the_request),
        cmocka_unit_test(system_suspend_is_refused_if_the_host_turns_one_on),
        cmocka_unit_test(wake_while_a_system_suspend_is_made_is_kept),
        cmocka_unit_test(record_is_not_made_while_one_goes_off),
        cmocka_unit_test(record_is_not_made_while_one_falls_asleep),
        cmocka_unit_test(record_is_not_made_while_a_stop_is_answered),
        cmocka_unit_test(record_of_a_vm_that_changes_meanwhile_does_not_count),
        cmocka_unit_test(record_does_not_count_if_one_is_half_way_at_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
