/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp: what becomes of requests, and what the control VM can see and do (docs/hyp-control.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "calls.h"
#include "control.h"
#include "events.h"
#include "lone.h"
#include "power.h"

enum { ENTRY = 0x40003000, EVENT_INTID = 40 };

#define CONTROL(name)  (CONTROL_FID + CONTROL_##name)
#define ERROR(name)    ((uint64_t)CONTROL_E_##name)
#define NAME(vm, vcpu) ((uint64_t)(vm) | (uint64_t)(vcpu) << 16)

static int start(void **state)
{
    (void)state;
    lone_create();
    lone_begin();
    return 0;
}

static int start_controlled(void **state)
{
    start(state);
    vms[LONE_GUEST].suspend_policy = VM_POLICY_CONTROL;
    return 0;
}

/* A call of the control VM. The other results are in result(). */
static uint64_t control(uint64_t function, uint64_t a1, uint64_t a2)
{
    return lone_call(CONTROL_0, function, a1, a2, 0);
}

static uint64_t result(unsigned index)
{
    return lone_vcpu(CONTROL_0)->frame.x[index];
}

static bool event_is_signalled(void)
{
    return lone.lines[LONE_CONTROL][EVENT_INTID];
}

static void suspend_guest(void)
{
    lone_call(GUEST_0, FN64(SYSTEM_SUSPEND), ENTRY, 7, 0);
}

static void assert_no_event(void)
{
    assert_int_equal(control(CONTROL(NEXT_EVENT), 0, 0), EVENTS_NONE);
    assert_false(event_is_signalled());
}

static void assert_request(unsigned vcpu, enum vpsci_function function, uint64_t detail)
{
    assert_true(event_is_signalled());
    assert_int_equal(control(CONTROL(NEXT_EVENT), 0, 0), EVENTS_REQUEST);
    assert_int_equal(result(1), NAME(LONE_GUEST, vcpu));
    assert_int_equal(result(2), function);
    assert_int_equal(result(3), detail);
}

static void assert_denied(void)
{
    assert_true(lone.cores[GUEST_0].runs);
    assert_int_equal(lone_vcpu(GUEST_0)->frame.x[0], (uint64_t)VPSCI_DENIED);
    assert_int_equal(lone.cores[GUEST_0].resets, 1);
}

static uint64_t mp_state(unsigned vcpu)
{
    assert_int_equal(control(CONTROL(GET_MP_STATE), NAME(LONE_GUEST, vcpu), 0), 0);
    return result(1);
}

/* ---- Policies ---- */

static void honoured_at_once(void **state)
{
    (void)state;
    suspend_guest();
    assert_true(lone.cores[GUEST_0].is_asleep);
    assert_int_equal(vpsci_vcpu_state(lone_vcpu(GUEST_0)->psci), VPSCI_STATE_SUSPENDED);
    lone_interrupt(GUEST_0);
    lone_settle();
    assert_true(lone.cores[GUEST_0].runs);
    assert_int_equal(lone_vcpu(GUEST_0)->frame.pc, ENTRY);
    assert_int_equal(lone_vcpu(GUEST_0)->frame.x[0], 7);
}

static void refused(void **state)
{
    (void)state;
    vms[LONE_GUEST].suspend_policy = VM_POLICY_REFUSE;
    suspend_guest();
    assert_denied();
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0); /* the policy is about sleep */
    assert_int_equal(lone.loads[LONE_GUEST], 1);
}

/* The checks come before any policy: no VM is asked about a call that fails. */
static void checked_before_anybody_is_asked(void **state)
{
    (void)state;
    assert_int_equal(lone_call(GUEST_0, FN64(SYSTEM_SUSPEND), ENTRY + 1, 0, 0),
                     (uint64_t)VPSCI_INVALID_ADDRESS);
    lone_call(GUEST_0, FN64(CPU_ON), 1, ENTRY, 0);
    assert_int_equal(lone_call(GUEST_0, FN64(SYSTEM_SUSPEND), ENTRY, 0, 0), (uint64_t)VPSCI_DENIED);
    assert_no_event();
}

static void off_unless_enabled(void **state)
{
    struct vm *vm = &vms[LONE_GUEST];

    (void)state;
    lone_create();
    vm->psci_config.capabilities = 0;
    assert_int_equal(vpsci_init(vm->psci, 16384, &vm->psci_config, &vm->psci), 0);
    lone_begin();
    assert_int_equal(lone_call(GUEST_0, FN32(FEATURES), FN64(SYSTEM_SUSPEND), 0, 0),
                     (uint64_t)VPSCI_NOT_SUPPORTED);
    assert_int_equal(lone_call(GUEST_0, FN64(SYSTEM_SUSPEND), ENTRY, 7, 0),
                     (uint64_t)VPSCI_NOT_SUPPORTED);
    assert_true(lone.cores[GUEST_0].runs);
}

/* ---- The control VM decides ---- */

static void control_honours(void **state)
{
    (void)state;
    suspend_guest();
    assert_true(lone.cores[GUEST_0].is_asleep);
    assert_request(0, VPSCI_FN_SYSTEM_SUSPEND, ENTRY);
    assert_no_event(); /* told once */
    assert_int_equal(mp_state(0), VPSCI_MP_RUNNABLE);
    assert_int_equal(control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), 0), 0);
    assert_int_equal(mp_state(0), VPSCI_MP_SUSPENDED);
    assert_int_equal(control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), 0), ERROR(STATE));

    lone_interrupt(GUEST_0);
    lone_settle();
    assert_int_equal(lone_vcpu(GUEST_0)->frame.pc, ENTRY);
    assert_true(event_is_signalled());
    assert_int_equal(control(CONTROL(NEXT_EVENT), 0, 0), EVENTS_WAKE);
    assert_int_equal(result(1), NAME(LONE_GUEST, 0));
    assert_no_event();
    assert_int_equal(mp_state(0), VPSCI_MP_RUNNABLE);
}

static void control_refuses(void **state)
{
    (void)state;
    lone_vcpu(GUEST_0)->frame.x[5] = 55;
    suspend_guest();
    assert_request(0, VPSCI_FN_SYSTEM_SUSPEND, ENTRY);
    assert_int_equal(control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), (uint64_t)VPSCI_DENIED), 0);
    assert_denied();
    assert_int_equal(lone_vcpu(GUEST_0)->frame.x[5], 55);
    assert_int_equal(lone_vcpu(GUEST_0)->frame.x[1], ENTRY);
    suspend_guest(); /* and it may ask again */
    assert_request(0, VPSCI_FN_SYSTEM_SUSPEND, ENTRY);
}

static void control_wakes(void **state)
{
    (void)state;
    assert_int_equal(control(CONTROL(WAKE), NAME(LONE_GUEST, 0), 0), 0);
    assert_int_equal(result(1), 0); /* it is awake */
    suspend_guest();
    control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), 0);
    assert_true(lone.cores[GUEST_0].is_asleep);
    assert_int_equal(control(CONTROL(WAKE), NAME(LONE_GUEST, 0), 0), 0);
    assert_int_equal(result(1), 1);
    assert_true(lone.cores[GUEST_0].runs);
    assert_int_equal(lone_vcpu(GUEST_0)->frame.pc, ENTRY);
}

/* An interrupt while the control VM decides: the sleep ends as soon as it is honoured. */
static void interrupt_while_it_decides(void **state)
{
    (void)state;
    suspend_guest();
    lone_interrupt(GUEST_0);
    lone_settle();
    assert_true(lone.cores[GUEST_0].is_asleep);
    control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), 0);
    assert_true(lone.cores[GUEST_0].runs);
    assert_int_equal(lone_vcpu(GUEST_0)->frame.pc, ENTRY);
}

static void resets_are_asked_for_too(void **state)
{
    (void)state;
    lone_call(GUEST_0, FN64(CPU_ON), 1, ENTRY, 0);
    lone_call(GUEST_1, FN64(SYSTEM_RESET2), VPSCI_RESET2_WARM, 9, 0);
    assert_true(lone.cores[GUEST_0].is_asleep); /* The whole VM stops meanwhile. */
    assert_request(1, VPSCI_FN_SYSTEM_RESET2, VPSCI_RESET2_WARM);
    control(CONTROL(ANSWER), NAME(LONE_GUEST, 1), (uint64_t)VPSCI_DENIED);
    assert_true(lone.cores[GUEST_0].runs && lone.cores[GUEST_1].runs);
    assert_int_equal(lone.loads[LONE_GUEST], 0);

    lone_call(GUEST_1, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_request(1, VPSCI_FN_SYSTEM_RESET, 0);
    control(CONTROL(ANSWER), NAME(LONE_GUEST, 1), 0);
    assert_int_equal(lone.loads[LONE_GUEST], 1);
    assert_true(lone.cores[GUEST_0].runs);
}

/* The control VM sleeps: its interrupt wakes it. */
static void control_is_asleep(void **state)
{
    (void)state;
    lone_call(CONTROL_0, FN64(SYSTEM_SUSPEND), ENTRY, 0, 0); /* no VM decides for it */
    assert_true(lone.cores[CONTROL_0].is_asleep);
    suspend_guest();
    assert_true(lone.cores[CONTROL_0].runs);
    assert_request(0, VPSCI_FN_SYSTEM_SUSPEND, ENTRY);
}

static void control_is_reset(void **state)
{
    (void)state;
    suspend_guest();
    assert_request(0, VPSCI_FN_SYSTEM_SUSPEND, ENTRY);
    lone_call(CONTROL_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_int_equal(lone.loads[LONE_CONTROL], 1);
    assert_request(0, VPSCI_FN_SYSTEM_SUSPEND, ENTRY); /* It has forgotten, and is told again. */
    control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), 0);
    lone_call(CONTROL_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_no_event(); /* What is answered is not repeated. */
}

/* Nobody is left to decide: sleep is refused, and so it is in future. */
static void control_ends(void **state)
{
    (void)state;
    suspend_guest();
    lone_call(CONTROL_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_denied();
    lone_vcpu(GUEST_0)->frame.x[0] = 0;
    suspend_guest();
    assert_denied();
}

static void control_ends_while_a_reset_waits(void **state)
{
    (void)state;
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_int_equal(lone.loads[LONE_GUEST], 0);
    lone_call(CONTROL_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_int_equal(lone.loads[LONE_GUEST], 1);
    assert_true(lone.cores[GUEST_0].runs);
}

/* The control VM asks while the guest's RAM is loaded again, in the middle of its reset. */
static unsigned busy_calls;

static void ask_for_what_changes(void)
{
    static const uint64_t calls[][2] = {
        {CONTROL(GET_MP_STATE), NAME(LONE_GUEST, 0)},
        {CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 0)},
        {CONTROL(GET_VERSION), LONE_GUEST},
    };
    struct vcpu *vcpu = lone_vcpu(CONTROL_0);
    unsigned core = lone.core;

    lone.core = CONTROL_0;
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        vcpu->frame.x[0] = calls[i][0];
        vcpu->frame.x[1] = calls[i][1];
        assert_true(control_call(vcpu));
        busy_calls += vcpu->frame.x[0] == ERROR(BUSY);
    }
    lone.core = core;
}

static bool is_asked_at(unsigned moment)
{
    start(NULL);
    busy_calls = 0;
    lone.calls = 0;
    lone.at = moment;
    lone.happen = ask_for_what_changes;
    lone.happens_unlocked = true;
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_int_equal(lone.loads[LONE_GUEST], 1);
    return lone.has_happened;
}

static void asked_during_a_reset(void **state)
{
    bool was_busy = false;

    (void)state;
    for (unsigned moment = 1; is_asked_at(moment); moment++) {
        was_busy = was_busy || busy_calls == 3;
    }
    assert_true(was_busy);
}

/* The control VM may end at any call that hyp makes of the machine while a guest asks. */
static void end_control(void)
{
    unsigned core = lone.core;
    bool *runs = &lone.cores[CONTROL_0].runs;
    struct arch_exit exit = {.kind = ARCH_EXIT_HVC};

    lone.core = CONTROL_0;
    lone_vcpu(CONTROL_0)->frame.x[0] = FN32(SYSTEM_OFF);
    *runs = calls_take(lone_vcpu(CONTROL_0), &exit);
    for (unsigned i = 0; i < 4; i++) {
        power_step(lone_vcpu(CONTROL_0));
    }
    lone.cores[CONTROL_0].is_asleep = true;
    lone.core = core;
}

static bool control_ends_at(unsigned moment)
{
    start_controlled(NULL);
    lone.calls = 0;
    lone.at = moment;
    lone.happen = end_control;
    lone.happens_unlocked = true;
    suspend_guest();
    if (!lone.has_happened) {
        return false;
    }
    assert_denied();
    return true;
}

static void control_ends_at_any_moment(void **state)
{
    unsigned moment = 0;

    (void)state;
    while (control_ends_at(++moment)) {
        assert_true(moment < 200);
    }
    assert_true(moment > 5);
}

/* ---- MP states, versions, starts ---- */

static void mp_states_of_a_stopped_vcpu(void **state)
{
    (void)state;
    lone_call(GUEST_0, FN64(CPU_ON), 1, ENTRY, 0);
    assert_int_equal(control(CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 1), VPSCI_MP_STOPPED),
                     ERROR(BUSY)); /* It runs. */
    assert_int_equal(control(CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 2), VPSCI_MP_RUNNABLE),
                     ERROR(STATE)); /* It is off, and has no registers. */
    lone_call(GUEST_1, FN64(CPU_SUSPEND), 0, 0, 0);
    assert_int_equal(mp_state(1), VPSCI_MP_SUSPENDED);
    assert_int_equal(control(CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 1), VPSCI_MP_RUNNABLE), 0);
    assert_true(lone.cores[GUEST_1].runs);
    assert_int_equal(lone_vcpu(GUEST_1)->frame.x[0], VPSCI_SUCCESS);

    lone_call(GUEST_1, FN64(CPU_SUSPEND), 0, 0, 0);
    assert_int_equal(control(CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 1), VPSCI_MP_STOPPED), 0);
    assert_int_equal(mp_state(1), VPSCI_MP_STOPPED);
    lone_interrupt(GUEST_1);
    lone_settle();
    assert_false(lone.cores[GUEST_1].runs);
    assert_int_equal(lone_call(GUEST_0, FN64(CPU_ON), 1, ENTRY, 0), VPSCI_SUCCESS);
    assert_true(lone.cores[GUEST_1].runs);
}

static void a_held_vm(void **state)
{
    const uint64_t held = NAME(LONE_HELD, 0);

    (void)state;
    assert_int_equal(control(CONTROL(INFO), LONE_HELD, 0), 0);
    assert_int_equal(result(1), CONTROL_LIFE_HELD);
    assert_int_equal(result(2), 1);
    assert_int_equal(control(CONTROL(GET_VERSION), LONE_HELD, 0), 0);
    assert_int_equal(result(1), VPSCI_VERSION_NEWEST);
    assert_int_equal(control(CONTROL(SET_VERSION), LONE_HELD, VPSCI_VERSION_1_0), 0);
    assert_int_equal(control(CONTROL(SET_VERSION), LONE_HELD, 0x00070007), ERROR(ARGUMENT));

    /* Its boot vCPU is to wait for a wake before its first instruction. */
    assert_int_equal(control(CONTROL(SET_MP_STATE), held, VPSCI_MP_STOPPED), 0);
    assert_int_equal(control(CONTROL(SET_MP_STATE), held, VPSCI_MP_SUSPENDED), 0);
    assert_int_equal(control(CONTROL(START), LONE_HELD, 0), 0);
    assert_true(lone.cores[HELD_0].is_asleep);
    assert_int_equal(control(CONTROL(WAKE), held, 0), 0);
    assert_true(lone.cores[HELD_0].runs);
    assert_int_equal(lone_vcpu(HELD_0)->frame.pc, 0x40080000);

    assert_int_equal(lone_call(HELD_0, FN32(VERSION), 0, 0, 0), VPSCI_VERSION_1_0);
    assert_int_equal(control(CONTROL(SET_VERSION), LONE_HELD, VPSCI_VERSION_1_1), ERROR(STATE));
    assert_int_equal(control(CONTROL(START), LONE_HELD, 0), ERROR(STATE));
    assert_int_equal(lone_call(HELD_0, FN32(VERSION), 0, 0, 0), VPSCI_VERSION_1_0);
    lone_call(HELD_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_int_equal(lone_call(HELD_0, FN32(VERSION), 0, 0, 0), VPSCI_VERSION_1_0);
}

static void an_ended_vm_starts_again(void **state)
{
    (void)state;
    lone_call(GUEST_0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_int_equal(control(CONTROL(INFO), LONE_GUEST, 0), 0);
    assert_int_equal(result(1), CONTROL_LIFE_OFF);
    assert_int_equal(control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), 0), ERROR(STATE));
    assert_int_equal(control(CONTROL(WAKE), NAME(LONE_GUEST, 0), 0), 0);
    assert_int_equal(result(1), 0);
    assert_int_equal(control(CONTROL(START), LONE_GUEST, 0), 0);
    assert_true(lone.cores[GUEST_0].runs);
    assert_int_equal(lone.loads[LONE_GUEST], 1);
    assert_int_equal(control(CONTROL(INFO), LONE_GUEST, 0), 0);
    assert_int_equal(result(1), CONTROL_LIFE_RUNS);
    assert_int_equal(result(2), 3);
    assert_int_equal(result(3), 1);
}

/* ---- Who may call, and with what ---- */

static void only_the_control_vm_may_call(void **state)
{
    (void)state;
    for (uint64_t function = 0; function <= CONTROL_COUNT; function++) {
        assert_int_equal(lone_call(GUEST_0, CONTROL_FID + function, NAME(LONE_CONTROL, 0), 0, 0),
                         (uint64_t)VPSCI_NOT_SUPPORTED);
    }
    assert_int_equal(lone_call(GUEST_0, CONTROL_FID_UID, 0, 0, 0), (uint64_t)VPSCI_NOT_SUPPORTED);
    assert_int_equal(lone_call(CONTROL_0, CONTROL_FID_UID, 0, 0, 0), 0x51c4e0d6);
    assert_int_equal(lone_call(CONTROL_0, CONTROL_FID_REVISION, 0, 0, 0), 1);
    assert_int_equal(result(1), 0);
    assert_int_equal(lone_call(CONTROL_0, CONTROL_FID, 0, 0, 0), (uint64_t)VPSCI_NOT_SUPPORTED);
    assert_int_equal(lone_call(CONTROL_0, CONTROL_FID + CONTROL_COUNT, 0, 0, 0),
                     (uint64_t)VPSCI_NOT_SUPPORTED);
}

static void wrong_arguments(void **state)
{
    static const uint64_t names[] = {
        NAME(LONE_VMS, 0), NAME(LONE_GUEST, 3), NAME(0xffff, 0xffff),
        UINT64_C(1) << 32, UINT64_MAX,          UINT64_C(1) << 63 | LONE_GUEST,
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (uint64_t function = CONTROL_ANSWER; function < CONTROL_COUNT; function++) {
            if (i == 1 && function >= CONTROL_GET_VERSION) {
                continue; /* names a VM that exists, with other bits set */
            }
            assert_int_equal(control(CONTROL_FID + function, names[i], 0), ERROR(ARGUMENT));
        }
    }
    suspend_guest();
    assert_int_equal(control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), 1), ERROR(ARGUMENT));
    assert_int_equal(control(CONTROL(ANSWER), NAME(LONE_GUEST, 0), (uint64_t)-10), ERROR(ARGUMENT));
    assert_int_equal(control(CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 0), 3), ERROR(ARGUMENT));
    assert_int_equal(control(CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 0), UINT64_MAX),
                     ERROR(ARGUMENT));
    assert_int_equal(control(CONTROL(SET_MP_STATE), NAME(LONE_GUEST, 0), VPSCI_MP_STOPPED),
                     ERROR(BUSY)); /* It waits for an answer. */
}

/* One guest that asks without end cannot keep the others' events from the control VM. */
static void every_vcpu_has_its_turn(void **state)
{
    enum events_kind kind;

    (void)state;
    events_post(lone_vcpu(GUEST_1), EVENTS_WAKE);
    events_post(lone_vcpu(HELD_0), EVENTS_WAKE);
    for (unsigned i = 0; i < 3; i++) {
        events_post(lone_vcpu(GUEST_0), EVENTS_WAKE);
        if (i < 2) {
            events_next(&kind);
        }
    }
    assert_ptr_equal(events_next(&kind), lone_vcpu(HELD_0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(honoured_at_once, start),
        cmocka_unit_test_setup(refused, start),
        cmocka_unit_test_setup(checked_before_anybody_is_asked, start_controlled),
        cmocka_unit_test(off_unless_enabled),
        cmocka_unit_test_setup(control_honours, start_controlled),
        cmocka_unit_test_setup(control_refuses, start_controlled),
        cmocka_unit_test_setup(control_wakes, start_controlled),
        cmocka_unit_test_setup(interrupt_while_it_decides, start_controlled),
        cmocka_unit_test_setup(resets_are_asked_for_too, start_controlled),
        cmocka_unit_test_setup(control_is_asleep, start_controlled),
        cmocka_unit_test_setup(control_is_reset, start_controlled),
        cmocka_unit_test_setup(control_ends, start_controlled),
        cmocka_unit_test_setup(control_ends_while_a_reset_waits, start_controlled),
        cmocka_unit_test(asked_during_a_reset),
        cmocka_unit_test(control_ends_at_any_moment),
        cmocka_unit_test_setup(mp_states_of_a_stopped_vcpu, start),
        cmocka_unit_test_setup(a_held_vm, start),
        cmocka_unit_test_setup(an_ended_vm_starts_again, start),
        cmocka_unit_test_setup(only_the_control_vm_may_call, start),
        cmocka_unit_test_setup(wrong_arguments, start_controlled),
        cmocka_unit_test_setup(every_vcpu_has_its_turn, start),
    };

    return cmocka_run_group_tests_name("hyp: control", tests, NULL, NULL);
}
