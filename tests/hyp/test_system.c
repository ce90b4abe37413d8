/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp: a VM starts, ends and is reset while others run. (lone.c: none of its cores runs meanwhile.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "calls.h"
#include "control.h"
#include "lone.h"

enum { ENTRY = 0x40003000 };

static int start(void **state)
{
    (void)state;
    lone_create();
    lone_begin();
    return 0;
}

static void start_secondaries(void)
{
    assert_int_equal(lone_call(GUEST_0, FN64(CPU_ON), 1, ENTRY, 1), VPSCI_SUCCESS);
    assert_int_equal(lone_call(GUEST_0, FN64(CPU_ON), 2, ENTRY, 2), VPSCI_SUCCESS);
    assert_true(lone.cores[GUEST_1].runs && lone.cores[GUEST_2].runs);
}

static void assert_guest_as_at_its_start(void)
{
    const struct arch_frame *frame = &lone_vcpu(GUEST_0)->frame;

    assert_true(lone.cores[GUEST_0].runs);
    assert_false(lone.cores[GUEST_1].runs || lone.cores[GUEST_2].runs);
    assert_int_equal(frame->pc, 0x40080000);
    assert_int_equal(frame->x[0], 0x44000000);
    assert_int_equal(vpsci_on_count(vms[LONE_GUEST].psci), 1);
}

static void the_first_start(void **state)
{
    (void)state;
    assert_guest_as_at_its_start();
    assert_true(lone.cores[CONTROL_0].runs);
    assert_false(lone.cores[HELD_0].runs);
}

/* The caller, a core that runs, one that is off: all come, the last one loads, and others run on. */
static void a_reset_beside_others(void **state)
{
    (void)state;
    start_secondaries();
    lone_call(GUEST_2, FN32(CPU_OFF), 0, 0, 0);
    lone_call(GUEST_1, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_guest_as_at_its_start();
    assert_int_equal(lone.loads[LONE_GUEST], 1);
    assert_int_equal(lone.gic_resets[LONE_GUEST], 1);
    assert_int_equal(lone.forgotten, 1);
    for (unsigned core = GUEST_0; core <= GUEST_2; core++) {
        assert_true(lone.cores[core].clears >= 1);
    }
    assert_true(lone.cores[CONTROL_0].runs);
    assert_int_equal(lone.loads[LONE_CONTROL], 0);
    assert_int_equal(lone.cores[CONTROL_0].kicks_of, 0);

    start_secondaries(); /* The VM works as before. */
    lone_call(GUEST_0, FN64(SYSTEM_RESET2), 0, 0, 0);
    assert_guest_as_at_its_start();
    assert_int_equal(lone.loads[LONE_GUEST], 2);
}

static void two_resets_at_once(void **state)
{
    struct arch_exit exit = {.kind = ARCH_EXIT_HVC};

    (void)state;
    start_secondaries();
    lone_vcpu(GUEST_1)->frame.x[0] = FN32(SYSTEM_RESET);
    lone_vcpu(GUEST_2)->frame.x[0] = FN32(SYSTEM_OFF);
    for (unsigned core = GUEST_1; core <= GUEST_2; core++) {
        lone.core = core;
        lone.cores[core].runs = calls_take(lone_vcpu(core), &exit);
    }
    lone_settle();
    assert_guest_as_at_its_start();
    assert_int_equal(lone.loads[LONE_GUEST], 1);
}

/* A sleeper is part of a reset too: here the one that MP state SUSPENDED holds. */
static void a_core_in_standby_is_reset(void **state)
{
    (void)state;
    start_secondaries();
    lone_call(GUEST_1, FN64(CPU_SUSPEND), 0, 0, 0);
    assert_true(lone.cores[GUEST_1].is_asleep);
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_guest_as_at_its_start();
}

/* The guest stops again before one of its cores has noticed that it was started again. */
static void a_core_that_is_late(void **state)
{
    (void)state;
    start_secondaries();
    lone.cores[GUEST_2].is_late = true;
    for (unsigned i = 1; i <= 3; i++) {
        lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
        assert_false(lone_vcpu(GUEST_2)->system.is_up);
        assert_int_equal(lone.loads[LONE_GUEST], i);
        assert_guest_as_at_its_start();
    }
    lone.cores[GUEST_2].is_late = false;
    lone_settle();
    start_secondaries();
}

/* The same with an end, and with a start after it. */
static void a_core_that_is_late_for_the_end(void **state)
{
    (void)state;
    lone.cores[GUEST_1].is_late = true;
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    lone_call(GUEST_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_int_equal(vms[LONE_GUEST].system.life, SYSTEM_ENDED);
    assert_int_equal(lone_call(CONTROL_0, CONTROL_FID + CONTROL_START, LONE_GUEST, 0, 0), 0);
    assert_guest_as_at_its_start();
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_int_equal(lone.loads[LONE_GUEST], 3);
    assert_guest_as_at_its_start();
}

static void memory_is_cleared_while_protected(void **state)
{
    (void)state;
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_false(lone.cleared[LONE_GUEST]);

    assert_int_equal(lone_call(GUEST_0, FN32(MEM_PROTECT), 1, 0, 0), 0);
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_true(lone.cleared[LONE_GUEST]);
    lone_call(GUEST_0, FN64(SYSTEM_RESET2), 0, 0, 0); /* turns the protection off */
    assert_false(lone.cleared[LONE_GUEST]);

    lone_call(GUEST_0, FN32(MEM_PROTECT), 1, 0, 0);
    lone_call(GUEST_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_true(lone.cleared[LONE_GUEST]);
    assert_int_equal(lone.loads[LONE_GUEST], 4);
}

static void the_end_of_one(void **state)
{
    (void)state;
    start_secondaries();
    lone_call(GUEST_1, FN32(SYSTEM_OFF), 0, 0, 0);
    for (unsigned core = GUEST_0; core <= GUEST_2; core++) {
        assert_true(lone.cores[core].is_asleep);
        lone_interrupt(core);
    }
    lone_settle();
    assert_int_equal(vms[LONE_GUEST].system.life, SYSTEM_ENDED);
    assert_false(lone.cores[GUEST_0].runs || lone.cores[GUEST_1].runs);
    assert_true(lone.cores[CONTROL_0].runs);
    assert_false(lone.is_off);
}

/* The held VM cannot start without the control VM, so it is over with the other two. */
static void the_end_of_all(void **state)
{
    (void)state;
    lone_call(GUEST_0, FN64(SYSTEM_OFF2), 1, 0, 0);
    assert_false(lone.is_off);
    lone_call(CONTROL_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_true(lone.is_off);
}

static void the_end_of_all_in_another_order(void **state)
{
    (void)state;
    lone_call(CONTROL_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_false(lone.is_off);
    lone_call(GUEST_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_true(lone.is_off);
}

/* A kick or an interrupt at each call of the machine while the VM is reset. */
static void happen_kick(void)
{
    lone.cores[GUEST_0].is_kicked = true;
    lone.cores[GUEST_2].is_pending = true;
}

static void a_reset_and_kicks(void **state)
{
    unsigned moment = 0;

    (void)state;
    do {
        lone_create();
        lone_begin();
        start_secondaries();
        lone.calls = 0;
        lone.at = ++moment;
        lone.happen = happen_kick;
        lone_call(GUEST_1, FN32(SYSTEM_RESET), 0, 0, 0);
        assert_guest_as_at_its_start();
        assert_int_equal(lone.loads[LONE_GUEST], 1);
    } while (lone.has_happened);
    assert_true(moment > 50);
}

static void assert_sleeps(unsigned core, enum arch_sleep depth)
{
    assert_true(lone.cores[core].is_asleep);
    assert_int_not_equal(lone.cores[core].sleeps, 0);
    assert_int_equal(lone.cores[core].depth, depth);
    lone.cores[core].sleeps = 0;
}

static void wake(unsigned core)
{
    lone_interrupt(core);
    lone_settle();
    assert_true(lone.cores[core].runs);
    lone.cores[core].is_taken = false; /* the guest handles it */
}

/* A core may lose its guest's registers only while its vCPU is to start anew. */
static void how_deep_a_core_sleeps(void **state)
{
    (void)state;
    assert_sleeps(HELD_0, ARCH_SLEEP_OFF);
    assert_sleeps(GUEST_1, ARCH_SLEEP_OFF);
    start_secondaries();
    lone_call(GUEST_1, FN32(CPU_OFF), 0, 0, 0);
    lone_call(GUEST_2, FN32(CPU_OFF), 0, 0, 0);
    assert_sleeps(GUEST_2, ARCH_SLEEP_OFF);
    lone_call(GUEST_0, FN64(CPU_SUSPEND), 0, 0, 0);
    assert_true(lone.cores[GUEST_0].is_asleep);
    assert_int_equal(lone.cores[GUEST_0].sleeps, 0);
    wake(GUEST_0);
    lone_call(GUEST_0, FN64(CPU_SUSPEND), 0x10000, ENTRY, 0);
    assert_sleeps(GUEST_0, ARCH_SLEEP_CORE);
    wake(GUEST_0);
    lone_call(GUEST_0, FN64(SYSTEM_SUSPEND), ENTRY, 0, 0);
    assert_sleeps(GUEST_0, ARCH_SLEEP_SYSTEM);
    wake(GUEST_0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_first_start, start),
        cmocka_unit_test_setup(how_deep_a_core_sleeps, start),
        cmocka_unit_test_setup(a_reset_beside_others, start),
        cmocka_unit_test_setup(two_resets_at_once, start),
        cmocka_unit_test_setup(a_core_in_standby_is_reset, start),
        cmocka_unit_test_setup(a_core_that_is_late, start),
        cmocka_unit_test_setup(a_core_that_is_late_for_the_end, start),
        cmocka_unit_test_setup(memory_is_cleared_while_protected, start),
        cmocka_unit_test_setup(the_end_of_one, start),
        cmocka_unit_test_setup(the_end_of_all, start),
        cmocka_unit_test_setup(the_end_of_all_in_another_order, start),
        cmocka_unit_test(a_reset_and_kicks),
    };

    return cmocka_run_group_tests_name("hyp: system", tests, NULL, NULL);
}
