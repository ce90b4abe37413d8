/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vpsci_describe_function() against what vpsci_call() does: what it says is not read may hold anything,
 * and what it says is read makes a difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

enum { CPUS = 4, SELF = 0, ARGUMENTS = 3, RECORD_SIZE = 4096 };

/* A call, and what became of it and of the VM. */
struct trace {
    struct vpsci_outcome out;
    struct vpsci_outcome ended; /* what ended a sleep, or an entry that was started */
    unsigned char record[RECORD_SIZE];
    ptrdiff_t size;
};

/* Arguments that make each function do what it is for. */
static const struct {
    uint32_t function;
    uint64_t args[ARGUMENTS];
} calls[] = {
    {FN32(VERSION), {0}},
    {FN64(CPU_SUSPEND), {RIG_CORE_DOWN, RIG_ENTRY, RIG_CONTEXT}},
    {FN64(CPU_SUSPEND), {RIG_STANDBY, RIG_ENTRY, RIG_CONTEXT}},
    {FN64(CPU_SUSPEND), {0x12345, RIG_ENTRY, RIG_CONTEXT}},
    {FN32(CPU_OFF), {0}},
    {FN64(CPU_ON), {1, RIG_ENTRY, RIG_CONTEXT}},
    {FN32(CPU_ON), {1, RIG_ENTRY, 7}},
    {FN64(AFFINITY_INFO), {1, 0}},
    {FN64(MIGRATE), {1}},
    {FN32(MIGRATE_INFO_TYPE), {0}},
    {FN64(MIGRATE_INFO_UP_CPU), {0}},
    {FN32(SYSTEM_OFF), {0}},
    {FN32(SYSTEM_RESET), {0}},
    {FN32(FEATURES), {FN32(CPU_SUSPEND)}},
    {FN32(CPU_FREEZE), {0}},
    {FN64(CPU_DEFAULT_SUSPEND), {RIG_ENTRY, RIG_CONTEXT}},
    {FN64(NODE_HW_STATE), {1, 0}},
    {FN64(SYSTEM_SUSPEND), {RIG_ENTRY, RIG_CONTEXT}},
    {FN32(SET_SUSPEND_MODE), {1}},
    {FN64(STAT_RESIDENCY), {1, RIG_CORE_DOWN}},
    {FN64(STAT_COUNT), {1, RIG_CORE_DOWN}},
    {FN64(SYSTEM_RESET2), {0x80000001, 5}},
    {FN32(MEM_PROTECT), {1}},
    {FN64(MEM_PROTECT_CHECK_RANGE), {RIG_ENTRY, 0x1000}},
    {FN64(SYSTEM_OFF2), {1, 0}},
    {FN32(SYSTEM_OFF2) + 1, {0}},
    {VPSCI_FID_SMCCC_VERSION, {0}},
    {VPSCI_FID_SMCCC_ARCH_FEATURES, {VPSCI_FID_SMCCC_VERSION}},
};

enum { CALL_COUNT = sizeof(calls) / sizeof(calls[0]) };

static struct rig rig;

static void make_call_over(const struct vpsci_guest_call *call, struct trace *trace, int fill)
{
    memset(trace, 0, sizeof(*trace));
    memset(&trace->out, fill, sizeof(trace->out));
    memset(&rig, 0, sizeof(rig));
    assert_true(rig_make(&rig, CPUS));
    vpsci_call(rig_vcpu(&rig, SELF), call, &trace->out);
    trace->size = vpsci_save(rig.vm, trace->record, sizeof(trace->record));
    assert_true(trace->size > 0);
    if (trace->out.start != NULL || vpsci_wake(rig_vcpu(&rig, SELF))) {
        memset(&trace->ended, fill, sizeof(trace->ended));
        vpsci_next(trace->out.start != NULL ? trace->out.start : rig_vcpu(&rig, SELF),
                   &trace->ended);
    }
}

static void make_call(const struct vpsci_guest_call *call, struct trace *trace)
{
    make_call_over(call, trace, 0);
}

static bool are_same(const struct trace *a, const struct trace *b)
{
    return a->size == b->size && memcmp(a->record, b->record, (size_t)a->size) == 0 &&
           rig_is_same_outcome(&a->out, &b->out) && rig_is_same_outcome(&a->ended, &b->ended);
}

/* What an embedder would read of a call, as the manual of vpsci_describe_function() has it. */
static struct vpsci_function_info info_of(const struct vpsci_guest_call *call)
{
    struct vpsci_function_info info;

    memset(&rig, 0, sizeof(rig));
    assert_true(rig_make(&rig, CPUS));
    assert_true(vpsci_describe_function(rig.vm, (uint32_t)call->function, &info));
    if (info.by_power_state && !vpsci_needs_entry(rig.vm, (uint32_t)call->args[0])) {
        info.arguments = 1;
        info.starts_core = false;
    }
    return info;
}

static struct vpsci_guest_call call_at(unsigned i)
{
    struct vpsci_guest_call call = {.function = calls[i].function};

    memcpy(call.args, calls[i].args, sizeof(call.args));
    return call;
}

static void what_is_not_read_makes_no_difference(void **state)
{
    static struct trace plain;
    static struct trace other;

    (void)state;
    for (unsigned i = 0; i < CALL_COUNT; i++) {
        struct vpsci_guest_call call = call_at(i);
        struct vpsci_function_info info = info_of(&call);

        make_call(&call, &plain);
        call.big_endian = !info.starts_core;
        for (unsigned n = info.arguments; n < ARGUMENTS; n++) {
            call.args[n] = UINT64_C(0x5a5a5a5a5a5a5a5b);
        }
        make_call(&call, &other);
        if (!are_same(&plain, &other)) {
            fail_msg("call %u, function %#x, reads more than is said", i, calls[i].function);
        }
    }
}

/* Every field that an outcome defines is written, whatever was there before. */
static void an_outcome_does_not_depend_on_what_was_in_memory(void **state)
{
    static struct trace zeros;
    static struct trace others;

    (void)state;
    for (unsigned i = 0; i < CALL_COUNT; i++) {
        struct vpsci_guest_call call = call_at(i);

        make_call_over(&call, &zeros, 0);
        make_call_over(&call, &others, 0xa5);
        if (!are_same(&zeros, &others)) {
            fail_msg("call %u, function %#x, leaves something undefined", i, calls[i].function);
        }
    }
}

/* Of these a fresh VM returns the same for any value of the argument. */
static bool is_blind(uint32_t function)
{
    static const char *const blind[] = {"STAT_", "SMCCC_", "MIGRATE", "MEM_PROTECT_CHECK_RANGE"};
    const char *name = vpsci_function_name(function);

    for (size_t n = 0; name != NULL && n < sizeof(blind) / sizeof(blind[0]); n++) {
        if (strncmp(name, blind[n], strlen(blind[n])) == 0) {
            return true;
        }
    }
    return name == NULL;
}

static void what_is_read_makes_a_difference(void **state)
{
    static struct trace plain;
    static struct trace other;

    (void)state;
    for (unsigned i = 0; i < CALL_COUNT; i++) {
        struct vpsci_guest_call call = call_at(i);
        struct vpsci_function_info info = info_of(&call);

        if (info.arguments == 0 || is_blind(calls[i].function) || calls[i].args[0] == 0x12345) {
            continue;
        }
        make_call(&call, &plain);
        call.args[info.arguments - 1] ^= 1;
        make_call(&call, &other);
        if (are_same(&plain, &other)) {
            fail_msg("call %u, function %#x, does not read argument %u", i, calls[i].function,
                     info.arguments);
        }
        if (info.starts_core) {
            call = call_at(i);
            call.big_endian = true;
            make_call(&call, &other);
            assert_false(are_same(&plain, &other));
        }
    }
}

static void a_standby_state_needs_no_entry(void **state)
{
    (void)state;
    assert_true(rig_make(&rig, CPUS));
    assert_false(vpsci_needs_entry(rig.vm, RIG_STANDBY));
    assert_false(vpsci_needs_entry(rig.vm, RIG_CLUSTER_STANDBY));
    assert_true(vpsci_needs_entry(rig.vm, RIG_CORE_DOWN));
    assert_true(vpsci_needs_entry(rig.vm, RIG_SYSTEM_DOWN));
    assert_false(vpsci_needs_entry(rig.vm, RIG_CORE_DOWN + 0x100));
}

/* The embedder may have something behind them, and answer with all that a call has. */
static void ids_of_others_have_everything(void **state)
{
    static const uint32_t ids[] = {0x80000002, 0x84000020, 0x86000000, 0x04000003, 0x95c1ba60, 0};
    struct vpsci_function_info info;

    (void)state;
    assert_true(rig_make(&rig, CPUS));
    for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        assert_false(vpsci_describe_function(rig.vm, ids[i], &info));
        assert_int_equal(info.arguments, ARGUMENTS);
        assert_true(info.starts_core);
        assert_false(info.by_power_state);
    }
}

static void version_0_1_is_known_by_its_own_ids(void **state)
{
    struct vpsci_function_info info;

    (void)state;
    assert_true(rig_make(&rig, CPUS));
    assert_int_equal(vpsci_version_set(rig.vm, VPSCI_VERSION_0_1), 0);
    assert_true(vpsci_describe_function(rig.vm, VPSCI_FID_0_1_KVM + VPSCI_ID_0_1_CPU_OFF, &info));
    assert_int_equal(info.arguments, 0);
    assert_true(vpsci_describe_function(rig.vm, VPSCI_FID_0_1_KVM + VPSCI_ID_0_1_CPU_ON, &info));
    assert_int_equal(info.arguments, 3);
    assert_true(info.starts_core);
    assert_true(vpsci_describe_function(rig.vm, FN32(CPU_OFF), &info));
    assert_int_equal(info.arguments, 0);
    assert_false(vpsci_describe_function(rig.vm, VPSCI_FID_0_1_KVM + VPSCI_ID_0_1_COUNT, &info));
    assert_int_equal(info.arguments, ARGUMENTS);
}

static void the_hint_is_ignored_where_calls_ignore_it(void **state)
{
    struct vpsci_function_info info;

    (void)state;
    rig_describe(&rig, CPUS);
    rig.config.smccc_version = VPSCI_SMCCC_1_3;
    assert_int_equal(rig_init(&rig), 0);
    assert_true(vpsci_describe_function(rig.vm, FN32(CPU_OFF) | VPSCI_FID_BIT_HINT, &info));
    assert_int_equal(info.arguments, 0);
    assert_true(
        vpsci_describe_function(rig.vm, VPSCI_FID_SMCCC_VERSION | VPSCI_FID_BIT_HINT, &info));
    assert_int_equal(info.arguments, 0);
    rig.config.smccc_version = VPSCI_SMCCC_1_0;
    assert_int_equal(rig_init(&rig), 0);
    assert_false(vpsci_describe_function(rig.vm, FN32(CPU_OFF) | VPSCI_FID_BIT_HINT, &info));
    assert_false(vpsci_describe_function(rig.vm, VPSCI_FID_SMCCC_VERSION, &info));
}

static void the_library_says_its_version(void **state)
{
    char text[sizeof("255.255.255")];

    (void)state;
    assert_int_equal(vpsci_library_version(), VPSCI_LIBRARY_VERSION);
    (void)snprintf(text, sizeof(text), "%d.%d.%d", VPSCI_LIBRARY_MAJOR, VPSCI_LIBRARY_MINOR,
                   VPSCI_LIBRARY_PATCH);
    assert_string_equal(VPSCI_LIBRARY_TEXT, text);
    assert_string_equal(VPSCI_LIBRARY_TEXT, PROJECT_VERSION);
}

/* What ends a wait says which timers the vCPU has then. */
static void an_outcome_says_what_ended(void **state)
{
    (void)state;
    assert_true(rig_make(&rig, 4));
    assert_int_equal(rig_next(&rig, 0).ended, VPSCI_WAIT_NOT);
    assert_true(rig_turn_on(&rig, 1));
    assert_int_equal(rig_next(&rig, 1).ended, VPSCI_WAIT_OFF);
    assert_int_equal(rig_next(&rig, 1).ended, VPSCI_WAIT_NOT);
    assert_true(rig_sleep(&rig, 1, RIG_STANDBY));
    assert_true(vpsci_wake(rig_vcpu(&rig, 1)));
    assert_int_equal(rig_next(&rig, 1).ended, VPSCI_WAIT_STANDBY);
    assert_true(rig_sleep(&rig, 1, RIG_CORE_DOWN));
    assert_true(vpsci_wake(rig_vcpu(&rig, 1)));
    assert_int_equal(rig_next(&rig, 1).ended, VPSCI_WAIT_POWERDOWN);
    assert_int_equal(rig_call(&rig, 1, FN32(CPU_OFF), 0, 0, 0).ended, VPSCI_WAIT_NOT);
    rig_call(&rig, 0, FN64(SYSTEM_SUSPEND), RIG_ENTRY, 0, 0);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_DENIED), 0);
    assert_int_equal(rig_next(&rig, 0).ended, VPSCI_WAIT_ANSWER);
    rig_call(&rig, 0, FN64(SYSTEM_SUSPEND), RIG_ENTRY, 0, 0);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_SUCCESS), 0);
    assert_true(vpsci_wake(rig_vcpu(&rig, 0)));
    assert_int_equal(rig_next(&rig, 0).ended, VPSCI_WAIT_SUSPENDED);
    rig_call(&rig, 0, FN32(SYSTEM_OFF), 0, 0, 0);
    assert_int_equal(vpsci_answer(rig_vcpu(&rig, 0), VPSCI_DENIED), 0);
    assert_int_equal(rig_next(&rig, 0).ended, VPSCI_WAIT_ANSWER);
}

/* The MP state before KVM_RUN follows from the outcome, whatever has come since. */
static void an_outcome_has_its_mp_state(void **state)
{
    static const struct {
        enum vpsci_wait wait;
        enum vpsci_mp_state mp_state;
    } waits[] = {
        {VPSCI_WAIT_OFF, VPSCI_MP_STOPPED},         {VPSCI_WAIT_FROZEN, VPSCI_MP_STOPPED},
        {VPSCI_WAIT_STARTING, VPSCI_MP_STOPPED},    {VPSCI_WAIT_STANDBY, VPSCI_MP_SUSPENDED},
        {VPSCI_WAIT_POWERDOWN, VPSCI_MP_SUSPENDED}, {VPSCI_WAIT_SUSPENDED, VPSCI_MP_SUSPENDED},
        {VPSCI_WAIT_HELD, VPSCI_MP_SUSPENDED},      {VPSCI_WAIT_ANSWER, VPSCI_MP_STOPPED},
        {VPSCI_WAIT_STOPPED, VPSCI_MP_STOPPED},
    };
    struct vpsci_outcome out;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        out = (struct vpsci_outcome){.action = VPSCI_WAIT, .wait = waits[i].wait};
        assert_int_equal(vpsci_outcome_mp_state(&out), waits[i].mp_state);
    }
    for (i = 0; i <= VPSCI_FOREIGN; i++) {
        out = (struct vpsci_outcome){.action = (enum vpsci_action)i};
        if (out.action != VPSCI_WAIT) {
            assert_int_equal(vpsci_outcome_mp_state(&out), VPSCI_MP_RUNNABLE);
        }
    }
    assert_true(rig_make(&rig, 4));
    out = rig_next(&rig, 1);
    assert_true(rig_turn_on(&rig, 1));
    assert_int_equal(vpsci_outcome_mp_state(&out), VPSCI_MP_STOPPED);
    assert_int_equal(vpsci_mp_state_get(rig_vcpu(&rig, 1)), VPSCI_MP_RUNNABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outcome_says_what_ended),
        cmocka_unit_test(an_outcome_has_its_mp_state),
        cmocka_unit_test(an_outcome_does_not_depend_on_what_was_in_memory),
        cmocka_unit_test(what_is_not_read_makes_no_difference),
        cmocka_unit_test(what_is_read_makes_a_difference),
        cmocka_unit_test(a_standby_state_needs_no_entry),
        cmocka_unit_test(ids_of_others_have_everything),
        cmocka_unit_test(version_0_1_is_known_by_its_own_ids),
        cmocka_unit_test(the_hint_is_ignored_where_calls_ignore_it),
        cmocka_unit_test(the_library_says_its_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
