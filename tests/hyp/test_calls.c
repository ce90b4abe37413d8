/* SPDX-License-Identifier: BSD-2-Clause */
/* hyp: calls by HVC and SMC, which of them reach the firmware, and what the registers hold after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "calls.h"
#include "lone.h"

#define WORKAROUND_1  UINT64_C(0x80008000)
#define WORKAROUND_2  UINT64_C(0x80007fff)
#define WORKAROUND_3  UINT64_C(0x80003fff)
#define WORKAROUND_4  UINT64_C(0x80000004)
#define ARCH_FEATURES UINT64_C(0x80000001)
#define TRNG_VERSION  UINT64_C(0x84000050)
#define NOT_SUPPORTED ((uint64_t)VPSCI_NOT_SUPPORTED)

enum { ENTRY = 0x40003000 };

static bool is_protected; /* what WORKAROUND_2 was last called with */

static int start(void **state)
{
    (void)state;
    lone_create();
    lone_begin();
    return 0;
}

/* Firmware of SMCCC 1.1 that has the first workaround, and says of the second that it is not needed. */
static int64_t modern_firmware(uint64_t function, uint64_t argument)
{
    switch (function) {
    case 0x84000000: /* PSCI_VERSION */
        return 0x10001;
    case 0x8400000a: /* PSCI_FEATURES */
        return argument == 0x80000000 ? 0 : -1;
    case 0x80000000: /* SMCCC_VERSION */
        return 0x10001;
    case ARCH_FEATURES:
        if (argument == WORKAROUND_1) {
            return 0;
        }
        return argument == WORKAROUND_2 ? 1 : (int64_t)0xffffffff; /* 32 bits, not extended */
    case WORKAROUND_2:
        is_protected = argument != 0;
        return 0;
    case WORKAROUND_1:
        return 0;
    default:
        fail_msg("a call that hyp must not pass on: %#lx", function);
        return 0;
    }
}

/* PSCI 0.2, as old as it may be: it would not return from any other call. */
static int64_t old_firmware(uint64_t function, uint64_t argument)
{
    (void)argument;
    assert_int_equal(function, 0x84000000);
    return 2;
}

static void the_library_answers(void **state)
{
    (void)state;
    assert_int_equal(lone_call(GUEST_0, FN32(VERSION), 0, 0, 0), VPSCI_VERSION_NEWEST);
    assert_int_equal(lone_call(GUEST_0, FN64(AFFINITY_INFO), 1, 0, 0), VPSCI_AFFINITY_OFF);
    assert_int_equal(lone_call(GUEST_0, 0x80000000, 0, 0, 0), 0x10002);
    assert_int_equal(lone.firmware_calls, 0);
}

static void other_registers_are_preserved(void **state)
{
    struct arch_frame *frame = &lone_vcpu(GUEST_0)->frame;

    (void)state;
    for (unsigned i = 4; i < 31; i++) {
        frame->x[i] = 1000 + i;
    }
    lone_call(GUEST_0, FN32(VERSION), 11, 12, 13);
    for (unsigned i = 4; i < 31; i++) {
        assert_int_equal(frame->x[i], 1000 + i);
    }
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(frame->x[i], 10 + i);
    }
}

static void an_smc_continues_after_itself(void **state)
{
    struct vcpu *vcpu = lone_vcpu(GUEST_0);
    struct arch_exit exit = {.kind = ARCH_EXIT_SMC};

    (void)state;
    vcpu->frame.pc = 0x1000;
    vcpu->frame.x[0] = FN32(VERSION);
    lone.core = GUEST_0;
    assert_true(calls_take(vcpu, &exit));
    assert_int_equal(vcpu->frame.pc, 0x1004);
    assert_int_equal(vcpu->frame.x[0], VPSCI_VERSION_NEWEST);

    exit.kind = ARCH_EXIT_HVC;
    vcpu->frame.x[0] = FN32(VERSION);
    assert_true(calls_take(vcpu, &exit));
    assert_int_equal(vcpu->frame.pc, 0x1004);
}

static void an_immediate_is_reserved(void **state)
{
    struct vcpu *vcpu = lone_vcpu(GUEST_0);
    struct arch_exit exit = {.kind = ARCH_EXIT_HVC, .esr = 0x5a000001};

    (void)state;
    vcpu->frame.x[0] = FN32(CPU_OFF);
    lone.core = GUEST_0;
    assert_true(calls_take(vcpu, &exit));
    assert_int_equal(vcpu->frame.x[0], NOT_SUPPORTED);
}

static void an_smc_of_cpu_off_turns_off(void **state)
{
    struct vcpu *vcpu = lone_vcpu(GUEST_0);
    struct arch_exit exit = {.kind = ARCH_EXIT_SMC, .esr = 0x5e000000};

    (void)state;
    vcpu->frame.x[0] = FN32(CPU_OFF);
    lone.core = GUEST_0;
    assert_false(calls_take(vcpu, &exit));
    assert_int_equal(vpsci_vcpu_state(vcpu->psci), VPSCI_STATE_OFF);
}

static void workarounds_are_asked_for_and_forwarded(void **state)
{
    (void)state;
    lone.firmware = modern_firmware;
    calls_ask_firmware();
    assert_int_equal(lone_call(GUEST_0, ARCH_FEATURES, WORKAROUND_1, 0, 0), 0);
    assert_int_equal(lone_call(GUEST_0, ARCH_FEATURES, WORKAROUND_2, 0, 0), 1);
    assert_int_equal(lone_call(GUEST_0, ARCH_FEATURES, WORKAROUND_3, 0, 0), NOT_SUPPORTED);
    assert_int_equal(lone_call(GUEST_0, ARCH_FEATURES, WORKAROUND_4, 0, 0), NOT_SUPPORTED);

    assert_int_equal(lone_call(GUEST_0, WORKAROUND_1, 0, 0, 0), 0);
    unsigned before = lone.firmware_calls;
    assert_int_equal(lone_call(GUEST_0, WORKAROUND_1, 0, 0, 0), 0);
    assert_int_equal(lone.firmware_calls, before + 1); /* The firmware is asked once. */
    assert_int_equal(lone_call(GUEST_0, WORKAROUND_3, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(lone.firmware_calls, before + 1);
}

/* The second workaround, which a guest may turn off, is on when a core starts. */
static void workaround_is_on_in_a_core_that_starts(void **state)
{
    (void)state;
    lone.firmware = modern_firmware;
    calls_ask_firmware();
    lone_call(GUEST_0, FN64(CPU_ON), 1, ENTRY, 0);
    lone_call(GUEST_1, WORKAROUND_2, 0, 0, 0);
    lone_call(GUEST_1, FN32(CPU_OFF), 0, 0, 0);
    is_protected = false;
    lone_call(GUEST_0, FN64(CPU_ON), 1, ENTRY, 0);
    assert_true(is_protected);

    lone_call(GUEST_0, WORKAROUND_2, 0, 0, 0);
    assert_false(is_protected);
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_true(is_protected);

    unsigned before = lone.firmware_calls;
    lone_call(GUEST_0, WORKAROUND_2, 0, 0, 0);
    lone_call(GUEST_0, WORKAROUND_2, 1, 0, 0);
    lone_call(GUEST_0, FN32(SYSTEM_RESET), 0, 0, 0);
    assert_int_equal(lone.firmware_calls, before + 2); /* it is on already */
}

static void old_firmware_is_asked_nothing(void **state)
{
    (void)state;
    lone.firmware = old_firmware;
    calls_ask_firmware();
    assert_int_equal(lone.firmware_calls, 1);
    assert_int_equal(lone_call(GUEST_0, ARCH_FEATURES, WORKAROUND_1, 0, 0), NOT_SUPPORTED);
    assert_int_equal(lone_call(GUEST_0, WORKAROUND_1, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(lone.firmware_calls, 1);
}

static void no_other_call_reaches_the_firmware(void **state)
{
    static const uint64_t ids[] = {TRNG_VERSION, 0xc4000053, 0x82000000, 0x83000000,
                                   0x86000000,   0xc6000001, 0x80000002, 0x80000003,
                                   0xbf00ff01,   0x8600ff01, 0,          0x12345678};

    (void)state;
    lone.firmware = modern_firmware;
    calls_ask_firmware();
    unsigned before = lone.firmware_calls;
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_int_equal(lone_call(GUEST_0, ids[i], 0, 0, 0), NOT_SUPPORTED);
        assert_int_equal(lone_call(GUEST_0, ARCH_FEATURES, ids[i], 0, 0), NOT_SUPPORTED);
    }
    assert_int_equal(lone.firmware_calls, before);
}

static void a_core_starts_as_its_caller_is(void **state)
{
    (void)state;
    lone.caller_is_big_endian = true;
    assert_int_equal(lone_call(GUEST_0, FN64(CPU_ON), 1, 0x40001000, 77), VPSCI_SUCCESS);
    assert_true(lone.cores[GUEST_1].runs);
    assert_true(lone.cores[GUEST_1].starts_big_endian);
    assert_int_equal(lone.cores[GUEST_1].timer_stops, 1);
    assert_int_equal(lone_vcpu(GUEST_1)->frame.pc, 0x40001000);
    assert_int_equal(lone_vcpu(GUEST_1)->frame.x[0], 77);

    lone.caller_is_big_endian = false;
    assert_int_equal(lone_call(GUEST_0, FN64(CPU_ON), 2, 0x40002000, 78), VPSCI_SUCCESS);
    assert_false(lone.cores[GUEST_2].starts_big_endian);
}

/* An ID of version 0.1 exists in that version only; the upper half of x0 does not count. */
static void ids_of_version_0_1(void **state)
{
    (void)state;
    assert_int_equal(vpsci_version_set(vms[LONE_GUEST].psci, VPSCI_VERSION_0_1), 0);
    assert_int_equal(lone_call(GUEST_0, VPSCI_FID_0_1_KVM + VPSCI_ID_0_1_CPU_ON, 1, 0x40001000, 5),
                     VPSCI_SUCCESS);
    assert_true(lone.cores[GUEST_1].runs);
    assert_int_equal(lone_call(GUEST_0, FN32(VERSION), 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(vpsci_version_set(vms[LONE_GUEST].psci, VPSCI_VERSION_1_1), 0);
    assert_int_equal(lone_call(GUEST_0, UINT64_C(0xabc) << 32 | FN32(VERSION), 0, 0, 0),
                     VPSCI_VERSION_1_1);
}

/* Nothing but what the description enables is offered: here no OS-initiated mode. */
static void what_is_not_enabled_does_not_exist(void **state)
{
    (void)state;
    assert_int_equal(lone_call(GUEST_0, FN32(SET_SUSPEND_MODE), 1, 0, 0), NOT_SUPPORTED);
    assert_int_equal(lone_call(GUEST_0, FN32(CPU_FREEZE), 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(lone_call(GUEST_0, FN32(FEATURES), FN64(STAT_COUNT), 0, 0), NOT_SUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_library_answers, start),
        cmocka_unit_test_setup(other_registers_are_preserved, start),
        cmocka_unit_test_setup(an_smc_continues_after_itself, start),
        cmocka_unit_test_setup(an_immediate_is_reserved, start),
        cmocka_unit_test_setup(an_smc_of_cpu_off_turns_off, start),
        cmocka_unit_test_setup(workarounds_are_asked_for_and_forwarded, start),
        cmocka_unit_test_setup(workaround_is_on_in_a_core_that_starts, start),
        cmocka_unit_test_setup(old_firmware_is_asked_nothing, start),
        cmocka_unit_test_setup(no_other_call_reaches_the_firmware, start),
        cmocka_unit_test_setup(a_core_starts_as_its_caller_is, start),
        cmocka_unit_test_setup(ids_of_version_0_1, start),
        cmocka_unit_test_setup(what_is_not_enabled_does_not_exist, start),
    };

    return cmocka_run_group_tests_name("hyp: calls", tests, NULL, NULL);
}
