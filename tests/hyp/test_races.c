/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp: a wake before, during or after a call that sleeps is never lost. Each test runs the same sleep
 * again and again, and lets the wake happen at the first, the second, ... of all calls that hyp makes
 * of the machine, until there is none left at which it could happen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "calls.h"
#include "emulated.h"
#include "lone.h"

enum {
    RTC = 0x09010000,
    RTC_MATCH = RTC + 0x04,
    RTC_MASK = RTC + 0x10,
    RTC_INTID = 34,
    MOMENT_MAX = 500,
    ENTRY = 0x40003000,
};

/* Every way to sleep, and whether it starts at its entry. */
struct sleep {
    uint64_t function;
    uint64_t args[3];
    bool enters;
};

static const struct sleep standby = {FN64(CPU_SUSPEND), {0, 0, 0}, false};
static const struct sleep powerdown = {FN64(CPU_SUSPEND), {0x10000, ENTRY, 7}, true};
static const struct sleep suspend = {FN64(SYSTEM_SUSPEND), {ENTRY, 7, 0}, true};

static void interrupt_arrives(void)
{
    lone_interrupt(GUEST_0);
}

/* The clock's alarm is set for the next second. */
static void a_second_passes(void)
{
    lone.now += LONE_FREQUENCY;
}

/* What another core does, at any moment of the sleeper. A wake of a core that is on wakes nothing. */
static bool was_on;

static void another_core_wakes(void)
{
    struct vpsci_vcpu *sleeper = lone_vcpu(GUEST_0)->psci;
    unsigned core = lone.core;

    was_on = vpsci_vcpu_state(sleeper) == VPSCI_STATE_ON;
    lone.core = CONTROL_0;
    if (vpsci_wake(sleeper)) {
        arch_kick(GUEST_0);
    }
    lone.core = core;
}

static void set_alarm(void)
{
    lone.core = GUEST_0;
    assert_true(emulated_write(&vms[LONE_GUEST], RTC_MASK, 4, 1));
    assert_true(emulated_write(&vms[LONE_GUEST], RTC_MATCH, 4, 1));
}

static void assert_awake(const struct sleep *sleep)
{
    const struct arch_frame *frame = &lone_vcpu(GUEST_0)->frame;

    assert_true(lone.cores[GUEST_0].runs);
    if (sleep->enters) {
        assert_int_equal(frame->pc, ENTRY);
        assert_int_equal(frame->x[0], 7);
        assert_int_equal(lone.cores[GUEST_0].resets, 2); /* once at the start */
        /* The timers of a core that powers down go on. */
        assert_int_equal(lone.cores[GUEST_0].timer_stops, sleep == &powerdown ? 1 : 2);
    } else {
        assert_int_equal(frame->x[0], VPSCI_SUCCESS);
        assert_int_equal(lone.cores[GUEST_0].resets, 1);
    }
}

/* It was woken too early, and sleeps: it must be possible to wake it. */
static void wake_again(void (*wake)(void))
{
    assert_true(lone.cores[GUEST_0].is_asleep);
    wake();
    lone_settle();
}

/* Returns false if the sleep has fewer calls of the machine than `moment`. */
static bool sleep_once(const struct sleep *sleep, void (*wake)(void), unsigned moment)
{
    lone_create();
    lone_begin();
    set_alarm();
    was_on = false;
    lone.calls = 0;
    lone.at = moment;
    lone.happen = wake;
    lone_call(GUEST_0, sleep->function, sleep->args[0], sleep->args[1], sleep->args[2]);
    if (!lone.has_happened) {
        lone.happen = NULL;
        wake_again(wake);
        assert_awake(sleep);
        return false;
    }
    if (was_on) {
        wake_again(wake);
    }
    assert_awake(sleep);
    return true;
}

static void sleep_at_all_moments(const struct sleep *sleep, void (*wake)(void))
{
    unsigned moment = 1;

    while (sleep_once(sleep, wake, moment)) {
        assert_true(++moment < MOMENT_MAX);
    }
    assert_true(moment > 10); /* There were moments to try. */
}

static void interrupt_and_standby(void **state)
{
    (void)state;
    sleep_at_all_moments(&standby, interrupt_arrives);
}

static void interrupt_and_powerdown(void **state)
{
    (void)state;
    sleep_at_all_moments(&powerdown, interrupt_arrives);
}

static void interrupt_and_system_suspend(void **state)
{
    (void)state;
    sleep_at_all_moments(&suspend, interrupt_arrives);
}

static void alarm_and_standby(void **state)
{
    (void)state;
    sleep_at_all_moments(&standby, a_second_passes);
}

static void alarm_and_system_suspend(void **state)
{
    (void)state;
    sleep_at_all_moments(&suspend, a_second_passes);
}

static void another_core_and_standby(void **state)
{
    (void)state;
    sleep_at_all_moments(&standby, another_core_wakes);
}

static void another_core_and_system_suspend(void **state)
{
    (void)state;
    sleep_at_all_moments(&suspend, another_core_wakes);
}

/* The interrupt is there before the call, and is in no list register yet, or in one. */
static void interrupt_before_the_call(void **state)
{
    (void)state;
    for (unsigned taken = 0; taken < 2; taken++) {
        lone_create();
        lone_begin();
        lone_interrupt(GUEST_0);
        lone.cores[GUEST_0].is_taken = taken != 0;
        lone_call(GUEST_0, suspend.function, ENTRY, 7, 0);
        assert_awake(&suspend);
    }
}

static bool call_returns(const struct sleep *sleep)
{
    struct arch_exit exit = {.kind = ARCH_EXIT_HVC};
    uint64_t *x = lone_vcpu(GUEST_0)->frame.x;

    lone.core = GUEST_0;
    x[0] = sleep->function;
    x[1] = sleep->args[0];
    x[2] = sleep->args[1];
    x[3] = sleep->args[2];
    return calls_take(lone_vcpu(GUEST_0), &exit);
}

/* A standby with an interrupt in a list register returns from the call itself. Nothing else does: an
 * interrupt at the GIC has to be taken first, a start loads all registers, and a
 * wrong power state is refused. */
static void standby_returns_at_once(void **state)
{
    static const struct sleep wrong = {FN64(CPU_SUSPEND), {0x1234, 0, 0}, false};

    (void)state;
    lone_create();
    lone_begin();
    lone.cores[GUEST_0].is_taken = true;
    assert_true(call_returns(&standby));
    assert_int_equal(lone_vcpu(GUEST_0)->frame.x[0], VPSCI_SUCCESS);
    assert_int_equal(vpsci_vcpu_state(lone_vcpu(GUEST_0)->psci), VPSCI_STATE_ON);
    assert_true(call_returns(&wrong));
    assert_int_equal((int64_t)lone_vcpu(GUEST_0)->frame.x[0], VPSCI_INVALID_PARAMETERS);
    assert_false(call_returns(&powerdown));
    assert_int_equal(vpsci_vcpu_state(lone_vcpu(GUEST_0)->psci), VPSCI_STATE_POWERDOWN);

    lone_create();
    lone_begin();
    lone_interrupt(GUEST_0);
    assert_false(call_returns(&standby));
    assert_int_equal(vpsci_vcpu_state(lone_vcpu(GUEST_0)->psci), VPSCI_STATE_STANDBY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standby_returns_at_once),
        cmocka_unit_test(interrupt_and_standby),
        cmocka_unit_test(interrupt_and_powerdown),
        cmocka_unit_test(interrupt_and_system_suspend),
        cmocka_unit_test(alarm_and_standby),
        cmocka_unit_test(alarm_and_system_suspend),
        cmocka_unit_test(another_core_and_standby),
        cmocka_unit_test(another_core_and_system_suspend),
        cmocka_unit_test(interrupt_before_the_call),
    };

    return cmocka_run_group_tests_name("hyp: races", tests, NULL, NULL);
}
