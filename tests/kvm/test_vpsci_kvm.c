/* SPDX-License-Identifier: BSD-2-Clause */
/* libvpsci's layer for KVM, on a KVM that notes what it is asked and can fail at any point. */
#include <errno.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vpsci_kvm.h"

enum { CPUS = 2, VM_FD = 50, VCPU_FD = 100, NEVER = 0, REGISTERS = 16 };

#define CORE_REG(field)                                                                            \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))

static const struct {
    uint64_t id;
    const char *name;
} names[REGISTERS] = {
    {CORE_REG(regs.regs[0]), "x0"},
    {CORE_REG(regs.regs[1]), "x1"},
    {CORE_REG(regs.regs[2]), "x2"},
    {CORE_REG(regs.regs[3]), "x3"},
    {CORE_REG(regs.pc), "pc"},
    {CORE_REG(regs.pstate), "pstate"},
    {ARM64_SYS_REG(3, 0, 1, 0, 0), "sctlr"},
    {KVM_REG_ARM_TIMER_CVAL, "cval"},
    {KVM_REG_ARM_TIMER_CTL, "ctl"},
    {KVM_REG_ARM_PTIMER_CVAL, "pcval"},
    {KVM_REG_ARM_PTIMER_CTL, "pctl"},
};

static struct {
    char said[2048];   /* what was asked, a word each */
    unsigned calls;    /* how many ioctls */
    unsigned fails_at; /* which one fails, counted from 1; NEVER */
    int error;         /* with this errno */
    uint64_t at[CPUS][REGISTERS];
    struct kvm_run run[CPUS];
    struct kvm_vcpu_init init;
    struct vpsci_vm *vm;
    struct vpsci_kvm_vcpu cpu[CPUS];
    _Alignas(VPSCI_ALIGNMENT) unsigned char memory[4096];
} kvm;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    size_t used = strlen(kvm.said);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(kvm.said + used, sizeof(kvm.said) - used, format, arguments);
    va_end(arguments);
}

static unsigned register_index(uint64_t id)
{
    for (unsigned i = 0; i < REGISTERS; i++) {
        if (names[i].name != NULL && names[i].id == id) {
            return i;
        }
    }
    fail_msg("register %#llx", (unsigned long long)id);
    return 0;
}

static void note_attr(const char *verb, const struct kvm_device_attr *attr)
{
    const uint32_t *filter = (const uint32_t *)(uintptr_t)attr->addr;

    assert_int_equal(attr->group, 0);
    assert_int_equal(attr->attr, 0);
    note("%s ", verb);
    if (filter != NULL) {
        note("%x+%x:%x ", filter[0], filter[1], filter[2] & 0xff);
    }
}

static void note_vcpu(unsigned vcpu, unsigned long request, const void *argument)
{
    const struct kvm_mp_state *state = argument;
    const struct kvm_one_reg *reg = argument;
    unsigned i;

    switch (request) {
    case KVM_ARM_VCPU_INIT:
        assert_ptr_equal(argument, &kvm.init);
        note("init ");
        return;
    case KVM_SET_MP_STATE:
        note("mp=%u ", state->mp_state);
        return;
    case KVM_GET_ONE_REG:
        i = register_index(reg->id);
        memcpy((void *)(uintptr_t)reg->addr, &kvm.at[vcpu][i], sizeof(uint64_t));
        note("%s ", names[i].name);
        return;
    case KVM_SET_ONE_REG:
        i = register_index(reg->id);
        memcpy(&kvm.at[vcpu][i], (const void *)(uintptr_t)reg->addr, sizeof(uint64_t));
        note("%s=%llx ", names[i].name, (unsigned long long)kvm.at[vcpu][i]);
        return;
    case KVM_RUN:
        note("run ");
        return;
    default:
        fail_msg("ioctl %#lx", request);
    }
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
    if (request == KVM_HAS_DEVICE_ATTR || request == KVM_SET_DEVICE_ATTR) {
        assert_int_equal(fd, VM_FD);
        note_attr(request == KVM_HAS_DEVICE_ATTR ? "has" : "set", argument);
    } else {
        assert_in_range(fd, VCPU_FD, VCPU_FD + CPUS - 1);
        note_vcpu((unsigned)(fd - VCPU_FD), request, argument);
    }
    if (++kvm.calls == kvm.fails_at) {
        errno = kvm.error;
        return -1;
    }
    if (request == KVM_RUN && kvm.run[fd - VCPU_FD].immediate_exit) {
        errno = EINTR;
        return -1;
    }
    return 0;
}

static void begin(uint32_t features)
{
    static const struct vpsci_mpidr mpidrs[CPUS] = {{0}, {1}};
    static const struct vpsci_config config = {
        .size = sizeof(config),
        .vcpu_count = CPUS,
        .mpidrs = mpidrs,
        .capabilities = VPSCI_CAP_SYSTEM_SUSPEND,
    };

    memset(&kvm, 0, sizeof(kvm));
    kvm.error = EIO;
    kvm.init.features[0] = features;
    assert_int_equal(vpsci_init(kvm.memory, sizeof(kvm.memory), &config, &kvm.vm), 0);
    for (unsigned i = 0; i < CPUS; i++) {
        kvm.cpu[i] = (struct vpsci_kvm_vcpu){
            .fd = VCPU_FD + (int)i,
            .run = &kvm.run[i],
            .init = &kvm.init,
            .vm = kvm.vm,
            .vcpu = vpsci_vcpu_at(kvm.vm, i),
        };
    }
}

/* What KVM was asked since the last time. */
static void expect_said(const char *said)
{
    assert_string_equal(kvm.said, said);
    kvm.said[0] = '\0';
    kvm.calls = 0;
}

static void set_reg(unsigned vcpu, const char *name, uint64_t value)
{
    for (unsigned i = 0; i < REGISTERS; i++) {
        if (names[i].name != NULL && strcmp(names[i].name, name) == 0) {
            kvm.at[vcpu][i] = value;
            return;
        }
    }
    fail_msg("%s", name);
}

/* ---- The VM ------------------------------------------------------------------------------- */

static void whole_ranges_are_forwarded(void **state)
{
    (void)state;
    begin(0);
    assert_true(vpsci_kvm_can_forward(VM_FD));
    expect_said("has ");
    assert_int_equal(vpsci_kvm_forward(VM_FD), 0);
    expect_said("set 84000000+20:2 set c4000000+20:2 set 95c1ba5e+4:1 ");
    kvm.fails_at = 1;
    kvm.error = ENXIO; /* before Linux 6.4 */
    assert_false(vpsci_kvm_can_forward(VM_FD));
}

/* ---- Outcomes ----------------------------------------------------------------------------- */

enum { POWER_OFF = 1u << KVM_ARM_VCPU_POWER_OFF, AARCH32 = 1u << KVM_ARM_VCPU_EL1_32BIT };

static void reset_knows_the_state_that_init_leaves(void **state)
{
    (void)state;
    begin(POWER_OFF);
    assert_int_equal(vpsci_kvm_reset(&kvm.cpu[0], VPSCI_MP_STOPPED), 0);
    expect_said("init ");
    assert_int_equal(vpsci_kvm_reset(&kvm.cpu[0], VPSCI_MP_RUNNABLE), 0);
    expect_said("init mp=0 ");
    begin(0);
    assert_int_equal(vpsci_kvm_reset(&kvm.cpu[0], VPSCI_MP_RUNNABLE), 0);
    expect_said("init ");
    assert_int_equal(vpsci_kvm_reset(&kvm.cpu[0], VPSCI_MP_STOPPED), 0);
    expect_said("init mp=5 ");
}

#define WAIT(why)   {.action = VPSCI_WAIT, .wait = VPSCI_WAIT_##why}
#define RESULT(why) {.action = VPSCI_RETURN, .ended = VPSCI_WAIT_##why, .x0 = 9}
#define START(why)                                                                                 \
    {.action = VPSCI_ENTER, .ended = VPSCI_WAIT_##why, .entry = {.address = {0x1000}, .context = 7}}

static const struct {
    struct vpsci_outcome out;
    const char *said; /* of a vCPU that was RUNNABLE */
} deeds[] = {
    {{.action = VPSCI_RUN}, ""},
    {RESULT(NOT), "x0=9 "},
    {{.action = VPSCI_FOREIGN, .x0 = 9}, "x0=9 "},
    {WAIT(OFF), "mp=5 "},
    {WAIT(FROZEN), "mp=5 "},
    {WAIT(STARTING), "mp=5 "},
    {WAIT(ANSWER), "mp=5 "},
    {WAIT(STOPPED), "mp=5 "},
    {WAIT(STANDBY), "mp=10 "},
    {WAIT(POWERDOWN), "mp=10 "},
    {WAIT(SUSPENDED), "mp=10 "},
    {WAIT(HELD), "mp=10 "},
    {START(OFF), "init mp=0 pc=1000 x0=7 "},
    {START(SUSPENDED), "init mp=0 pc=1000 x0=7 "},
    {START(POWERDOWN), "cval pcval ctl pctl init mp=0 pc=1000 x0=7 cval=11 pcval=22 ctl=1 pctl=2 "},
};

static void begin_deed(void)
{
    begin(POWER_OFF);
    assert_int_equal(vpsci_kvm_reset(&kvm.cpu[0], VPSCI_MP_RUNNABLE), 0);
    expect_said("init mp=0 ");
    set_reg(0, "cval", 0x11);
    set_reg(0, "pcval", 0x22);
    set_reg(0, "ctl", 1);
    set_reg(0, "pctl", 2);
}

static void outcomes_are_carried_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        begin_deed();
        assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &deeds[i].out), 0);
        expect_said(deeds[i].said);
    }
}

/* The second time the vCPU waits already. */
static void waits_are_entered_once(void **state)
{
    static const struct vpsci_outcome standby = WAIT(STANDBY);
    static const struct vpsci_outcome result = RESULT(STANDBY);

    (void)state;
    begin_deed();
    assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &standby), 0);
    assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &standby), 0);
    expect_said("mp=10 ");
    assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &result), 0);
    expect_said("mp=0 x0=9 ");
}

/* Whichever ioctl fails, it was the last one, and its error is returned. */
static void failures_end_what_was_begun(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        begin_deed();
        assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &deeds[i].out), 0);
        unsigned calls = kvm.calls;
        for (unsigned n = 1; n <= calls; n++) {
            begin_deed();
            kvm.fails_at = n;
            assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &deeds[i].out), -EIO);
            assert_int_equal(kvm.calls, n);
        }
    }
    for (unsigned n = 1; n <= 3; n++) {
        begin(0);
        kvm.fails_at = n;
        assert_int_equal(vpsci_kvm_forward(VM_FD), -EIO);
        assert_int_equal(kvm.calls, n);
    }
}

/* A wait that KVM has not entered is tried again. */
static void failed_wait_is_not_remembered(void **state)
{
    static const struct vpsci_outcome standby = WAIT(STANDBY);

    (void)state;
    begin_deed();
    kvm.fails_at = 1;
    assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &standby), -EIO);
    kvm.fails_at = NEVER;
    assert_int_equal(vpsci_kvm_apply(&kvm.cpu[0], &standby), 0);
    expect_said("mp=10 mp=10 ");
}

static void entries_have_the_endianness_of_the_caller(void **state)
{
    static const struct vpsci_entry big = {.address = {0x1000}, .big_endian = true};
    static const struct vpsci_entry thumb = {.address = {0x1000}, .aarch32 = true, .thumb = true};
    static const struct vpsci_entry both = {
        .address = {0x1000}, .aarch32 = true, .thumb = true, .big_endian = true};

    (void)state;
    begin(0);
    set_reg(0, "sctlr", 0x30d00800);
    assert_int_equal(vpsci_kvm_start(&kvm.cpu[0], &big), 0);
    expect_said("pc=1000 x0=0 sctlr sctlr=32d00800 ");
    begin(AARCH32);
    set_reg(0, "pstate", 0x1d3);
    assert_int_equal(vpsci_kvm_start(&kvm.cpu[0], &thumb), 0);
    expect_said("pc=1000 x0=0 pstate pstate=1f3 ");
    set_reg(0, "pstate", 0x1d3);
    assert_int_equal(vpsci_kvm_start(&kvm.cpu[0], &both), 0);
    expect_said("pc=1000 x0=0 pstate pstate=3f3 ");
}

/* ---- Calls -------------------------------------------------------------------------------- */

static void only_the_needed_registers_are_read(void **state)
{
    static const struct {
        uint32_t function;
        uint64_t x1;
        const char *said;
    } calls[] = {
        {VPSCI_FID_32 | VPSCI_FN_VERSION, 0, ""},
        {VPSCI_FID_32 | VPSCI_FN_CPU_OFF, 0, ""},
        {VPSCI_FID_64 | VPSCI_FN_AFFINITY_INFO, 0, "x1 x2 "},
        {VPSCI_FID_64 | VPSCI_FN_CPU_ON, 0, "x1 x2 x3 sctlr "},
        {VPSCI_FID_64 | VPSCI_FN_SYSTEM_SUSPEND, 0, "x1 x2 sctlr "},
        {VPSCI_FID_64 | VPSCI_FN_CPU_SUSPEND, 0, "x1 "},
        {VPSCI_FID_64 | VPSCI_FN_CPU_SUSPEND, 0x10000, "x1 x2 x3 sctlr "},
        {0xc6000001, 0, "x1 x2 x3 sctlr "}, /* another's: its arguments are for the monitor */
    };
    struct vpsci_guest_call call;

    (void)state;
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        begin(0);
        set_reg(0, "x1", calls[i].x1);
        assert_int_equal(vpsci_kvm_read_call(&kvm.cpu[0], kvm.vm, calls[i].function, &call), 0);
        unsigned reads = kvm.calls;
        expect_said(calls[i].said);
        for (unsigned n = 1; n <= reads; n++) {
            kvm.calls = 0;
            kvm.fails_at = n;
            assert_int_equal(vpsci_kvm_read_call(&kvm.cpu[0], kvm.vm, calls[i].function, &call),
                             -EIO);
            assert_int_equal(kvm.calls, n);
        }
    }
}

static void calls_have_their_arguments_and_their_state(void **state)
{
    struct vpsci_guest_call call;

    (void)state;
    begin(0);
    set_reg(0, "x1", 1);
    set_reg(0, "x2", 2);
    set_reg(0, "x3", 3);
    set_reg(0, "sctlr", UINT64_C(1) << 25);
    assert_int_equal(
        vpsci_kvm_read_call(&kvm.cpu[0], kvm.vm, VPSCI_FID_64 | VPSCI_FN_CPU_ON, &call), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(call.args[i], i + 1);
    }
    assert_true(call.big_endian);
    assert_false(call.aarch32);
    begin(AARCH32);
    set_reg(0, "pstate", 1u << 9);
    assert_int_equal(
        vpsci_kvm_read_call(&kvm.cpu[0], kvm.vm, VPSCI_FID_32 | VPSCI_FN_CPU_ON, &call), 0);
    expect_said("x1 x2 x3 pstate ");
    assert_true(call.big_endian);
    assert_true(call.aarch32);
}

/* ---- Turns -------------------------------------------------------------------------------- */

static void turn(unsigned vcpu, int result, const char *said)
{
    assert_int_equal(vpsci_kvm_run(&kvm.cpu[vcpu]), result);
    expect_said(said);
}

static void call_of(unsigned vcpu, uint32_t function, struct vpsci_outcome *out, const char *said)
{
    kvm.run[vcpu].exit_reason = KVM_EXIT_HYPERCALL;
    kvm.run[vcpu].hypercall.nr = function;
    assert_int_equal(vpsci_kvm_exit(&kvm.cpu[vcpu], out), 1);
    expect_said(said);
}

static void begin_turns(void)
{
    begin(POWER_OFF);
    assert_int_equal(vpsci_kvm_reset(&kvm.cpu[0], VPSCI_MP_RUNNABLE), 0);
    assert_int_equal(vpsci_kvm_reset(&kvm.cpu[1], VPSCI_MP_STOPPED), 0);
    expect_said("init mp=0 init ");
}

static void a_core_starts_and_goes_off(void **state)
{
    struct vpsci_outcome out;

    (void)state;
    begin_turns();
    turn(1, 1, "run ");
    turn(0, 1, "run ");
    set_reg(0, "x1", 1);
    set_reg(0, "x2", 0x1000);
    set_reg(0, "x3", 42);
    call_of(0, VPSCI_FID_64 | VPSCI_FN_CPU_ON, &out, "x1 x2 x3 sctlr x0=0 ");
    assert_ptr_equal(out.start, kvm.cpu[1].vcpu);
    turn(1, 1, "init mp=0 pc=1000 x0=2a run ");
    call_of(1, VPSCI_FID_32 | VPSCI_FN_CPU_OFF, &out, "");
    turn(1, 1, "mp=5 run ");
}

/* The call's result is written after the wake; what the system does meanwhile is not PSCI's. */
static void a_wake_ends_a_standby(void **state)
{
    struct vpsci_outcome out;

    (void)state;
    begin_turns();
    set_reg(0, "x1", 0);
    call_of(0, VPSCI_FID_64 | VPSCI_FN_CPU_SUSPEND, &out, "x1 ");
    kvm.run[0].exit_reason = KVM_EXIT_MMIO;
    turn(0, 1, "mp=10 run ");
    assert_int_equal(vpsci_kvm_exit(&kvm.cpu[0], &out), 0);
    kvm.run[0].exit_reason = KVM_EXIT_SYSTEM_EVENT;
    kvm.run[0].system_event.type = KVM_SYSTEM_EVENT_SHUTDOWN;
    assert_int_equal(vpsci_kvm_exit(&kvm.cpu[0], &out), 0);
    turn(0, 1, "run ");
    kvm.run[0].system_event.type = KVM_SYSTEM_EVENT_WAKEUP;
    assert_int_equal(vpsci_kvm_exit(&kvm.cpu[0], &out), 1);
    assert_int_equal(out.action, VPSCI_RUN);
    turn(0, 1, "mp=0 x0=0 run ");
}

/* The thread has looked whether the system runs; then the answer and its kick come, and then the turn. */
static void a_kick_after_the_answer_ends_the_next_turn(void **state)
{
    struct vpsci_outcome out;

    (void)state;
    begin_turns();
    call_of(0, VPSCI_FID_32 | VPSCI_FN_SYSTEM_OFF, &out, "");
    assert_true(out.request.pending);
    turn(1, 1, "run ");
    assert_int_equal(vpsci_answer(out.request.vcpu, VPSCI_SUCCESS), 0);
    vpsci_kvm_kick(&kvm.cpu[0]);
    vpsci_kvm_kick(&kvm.cpu[1]);
    turn(1, 0, "run ");
    turn(0, 0, "mp=5 run ");
}

static void kicks_are_no_exits(void **state)
{
    static const int kicks[] = {EINTR, EAGAIN};

    (void)state;
    begin_turns();
    for (unsigned i = 0; i < sizeof(kicks) / sizeof(kicks[0]); i++) {
        kvm.fails_at = 1;
        kvm.error = kicks[i];
        turn(0, 0, "run ");
    }
    kvm.fails_at = 1;
    kvm.error = ENOEXEC;
    turn(0, -ENOEXEC, "run ");
}

/* A kick that comes before a turn ends that turn, and no other. */
static void kicks_before_a_turn_are_kept(void **state)
{
    (void)state;
    begin_turns();
    vpsci_kvm_kick(&kvm.cpu[0]);
    turn(0, 0, "run ");
    turn(0, 1, "run ");
    turn(1, 1, "run ");
}

static void errors_of_a_turn_are_returned(void **state)
{
    struct vpsci_outcome out;

    (void)state;
    begin_turns();
    kvm.run[0].exit_reason = KVM_EXIT_HYPERCALL;
    kvm.run[0].hypercall.nr = VPSCI_FID_32 | VPSCI_FN_AFFINITY_INFO;
    for (unsigned n = 1; n <= 3; n++) {
        kvm.calls = 0;
        kvm.fails_at = n;
        assert_int_equal(vpsci_kvm_exit(&kvm.cpu[0], &out), -EIO);
    }
    kvm.said[0] = '\0';
    call_of(1, VPSCI_FID_32 | VPSCI_FN_VERSION, &out, ""); /* It is off, and waits. */
    set_reg(0, "x1", 1);
    set_reg(0, "x2", 0x1000);
    kvm.fails_at = NEVER;
    call_of(0, VPSCI_FID_64 | VPSCI_FN_CPU_ON, &out, "x1 x2 x3 sctlr x0=0 ");
    kvm.fails_at = 1;
    kvm.error = EINTR; /* But not of KVM_RUN: the vCPU was not reset. */
    turn(1, -EINTR, "init ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_ranges_are_forwarded),
        cmocka_unit_test(reset_knows_the_state_that_init_leaves),
        cmocka_unit_test(outcomes_are_carried_out),
        cmocka_unit_test(waits_are_entered_once),
        cmocka_unit_test(failures_end_what_was_begun),
        cmocka_unit_test(failed_wait_is_not_remembered),
        cmocka_unit_test(entries_have_the_endianness_of_the_caller),
        cmocka_unit_test(only_the_needed_registers_are_read),
        cmocka_unit_test(calls_have_their_arguments_and_their_state),
        cmocka_unit_test(a_core_starts_and_goes_off),
        cmocka_unit_test(a_wake_ends_a_standby),
        cmocka_unit_test(a_kick_after_the_answer_ends_the_next_turn),
        cmocka_unit_test(kicks_are_no_exits),
        cmocka_unit_test(kicks_before_a_turn_are_kept),
        cmocka_unit_test(errors_of_a_turn_are_returned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
