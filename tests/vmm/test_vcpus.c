/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPU threads in user mode, with vCPUs whose guest is a function: calls, waits, pauses, and the
 * order in which changes are reported. The functions at the top replace vmm/kvm, and KVM.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/fdt.h"
#include "core/map.h"
#include "psci/backend.h"
#include "vcpu/vcpus.h"
#include "vpsci_kvm.h"

enum { VCPU_MOST = 8, ENTRY = MAP_RAM_BASE, RAM_SIZE = 1 << 20 };

/* The registers of a call: x0 to x3. */
enum { CALL_REGISTERS = 4 };

struct fake_call {
    uint64_t x[CALL_REGISTERS];
    bool big_endian;
};

/* A vCPU and its guest: `step` is called when the vCPU may run, and makes one call by call_psci(). */
struct vcpu {
    unsigned index;
    struct vpsci_kvm_vcpu kvm;
    pthread_mutex_t lock; /* kicked, interrupt */
    pthread_cond_t changed;
    bool kicked;
    bool interrupt;
    bool dozing;
    struct fake_call call;
    bool entered; /* the vCPU is at its entry point, with the context ID in x0 */
    void (*step)(struct vcpu *vcpu);
    unsigned state;     /* for the guest function */
    atomic_uint steps;  /* how often the vCPU ran */
    atomic_uint enters; /* how often the vCPU was reset */
    unsigned reads;     /* registers that were read for calls */
    int fail;           /* the next KVM_GET_ONE_REG fails with this errno */
};

static struct vcpu *vcpu_of_fd(int fd);

struct vpsci_kvm_vcpu *vcpu_psci(struct vcpu *vcpu)
{
    return &vcpu->kvm;
}

/* KVM's names of the registers. The fake's timers are untouched by its reset. */
#define CORE_REG(field)                                                                            \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define REG_SCTLR_EL1 ARM64_SYS_REG(3, 0, 1, 0, 0)

static bool is_timer(uint64_t id)
{
    return id == KVM_REG_ARM_TIMER_CTL || id == KVM_REG_ARM_TIMER_CVAL ||
           id == KVM_REG_ARM_PTIMER_CTL || id == KVM_REG_ARM_PTIMER_CVAL;
}

static int get_register(struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
    *value = 0;
    if (is_timer(id)) {
        return 0;
    }
    vcpu->reads++;
    if (id == REG_SCTLR_EL1) {
        *value = vcpu->call.big_endian ? UINT64_C(1) << 25 : 0;
        return vcpu->fail;
    }
    uint64_t n = (id - CORE_REG(regs.regs[0])) / 2;
    assert_in_range(n, 1, CALL_REGISTERS - 1);
    *value = vcpu->call.x[n];
    return vcpu->fail;
}

/* PC is written first when a vCPU starts. */
static int set_register(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
    if (id == CORE_REG(regs.pc)) {
        assert_true(value == ENTRY);
        vcpu->entered = true;
        vcpu->enters++;
    } else if (id == CORE_REG(regs.regs[0])) {
        vcpu->call.x[0] = value;
    } else {
        assert_true(is_timer(id));
    }
    return 0;
}

static int vcpu_ioctl(struct vcpu *vcpu, unsigned long request, void *argument)
{
    const struct kvm_mp_state *state = argument;
    const struct kvm_one_reg *reg = argument;

    switch (request) {
    case KVM_ARM_VCPU_INIT:
        vcpu->dozing = false;
        return 0;
    case KVM_SET_MP_STATE:
        vcpu->dozing = state->mp_state == KVM_MP_STATE_SUSPENDED;
        return 0;
    case KVM_GET_ONE_REG:
        return get_register(vcpu, reg->id, (uint64_t *)(uintptr_t)reg->addr);
    case KVM_SET_ONE_REG:
        return set_register(vcpu, reg->id, *(const uint64_t *)(uintptr_t)reg->addr);
    default:
        return ENOTTY;
    }
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
    errno = vcpu_ioctl(vcpu_of_fd(fd), request, argument);
    return errno == 0 ? 0 : -1;
}

void vcpu_finish_read(struct vcpu *vcpu, uint64_t value, unsigned size)
{
    (void)vcpu;
    (void)value;
    (void)size;
}

int vcpu_abort_access(struct vcpu *vcpu)
{
    (void)vcpu;
    return 0;
}

static void set_kicked(struct vcpu *vcpu, bool kicked)
{
    pthread_mutex_lock(&vcpu->lock);
    vcpu->kicked = kicked;
    pthread_cond_broadcast(&vcpu->changed);
    pthread_mutex_unlock(&vcpu->lock);
}

void vcpu_kick(struct vcpu *vcpu)
{
    set_kicked(vcpu, true);
}

void vcpu_unkick(struct vcpu *vcpu)
{
    set_kicked(vcpu, false);
}

/*
 * Like KVM_RUN in KVM_MP_STATE_SUSPENDED: waits for an interrupt or a kick. So does a guest without
 * a function, which never calls.
 */
static bool wait_dozing(struct vcpu *vcpu)
{
    pthread_mutex_lock(&vcpu->lock);
    while ((vcpu->dozing || vcpu->step == NULL) && !vcpu->interrupt && !vcpu->kicked) {
        pthread_cond_wait(&vcpu->changed, &vcpu->lock);
    }
    bool kicked = vcpu->kicked;
    pthread_mutex_unlock(&vcpu->lock);
    return !kicked;
}

void vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    if (!wait_dozing(vcpu)) {
        exit->kind = VCPU_EXIT_KICKED;
    } else if (vcpu->dozing) {
        exit->kind = VCPU_EXIT_POWER;
        exit->power = POWER_EXIT_WAKEUP;
    } else {
        vcpu->step(vcpu);
        vcpu->steps++;
        exit->kind = VCPU_EXIT_CALL;
        exit->function = (uint32_t)vcpu->call.x[0];
    }
}

static void interrupt(struct vcpu *vcpu)
{
    pthread_mutex_lock(&vcpu->lock);
    vcpu->interrupt = true;
    pthread_cond_broadcast(&vcpu->changed);
    pthread_mutex_unlock(&vcpu->lock);
}

/* For guest functions. */
static void call_psci(struct vcpu *vcpu, uint32_t function, uint64_t first, uint64_t second,
                      uint64_t third)
{
    vcpu->entered = false;
    vcpu->call = (struct fake_call){.x = {function, first, second, third}};
}

struct fixture {
    struct vcpu vcpu[VCPU_MOST];
    unsigned count;
    struct memory memory;
    struct psci_backend backend;
    struct vcpus *vcpus;
    int notify_fd;
    bool on[VCPU_MOST]; /* as reported */
    unsigned told_on;   /* how often a start was reported */
};

static struct fixture fixture;

enum { FIRST_FD = 1000 };

static struct vcpu *vcpu_of_fd(int fd)
{
    assert_in_range(fd, FIRST_FD, FIRST_FD + VCPU_MOST - 1);
    return &fixture.vcpu[fd - FIRST_FD];
}

static struct psci_step next(struct psci_backend *backend, unsigned index, struct vcpu *vcpu,
                             struct vcpu_exit *exit)
{
    return psci_next(&backend->psci, index, vcpu, exit);
}

static struct psci_step serve(struct psci_backend *backend, unsigned index, struct vcpu *vcpu,
                              struct vcpu_exit *exit)
{
    return psci_serve(&backend->psci, index, vcpu, exit);
}

/* The functions of backend_user.c that the threads need. */
static const struct psci_backend_ops psci_ops = {.next = next, .serve = serve};

static void start_idle(unsigned count, void (*boot)(struct vcpu *), void (*others)(struct vcpu *),
                       enum idle_mode idle)
{
    struct fixture *f = &fixture;
    static const struct kvm_vcpu_init init = {.features = {1u << KVM_ARM_VCPU_PSCI_0_2}};
    struct vcpu *pointers[VCPU_MOST];

    memset(f, 0, sizeof(*f));
    f->count = count;
    f->notify_fd = eventfd(0, EFD_NONBLOCK);
    f->memory = (struct memory){.base = ipa(MAP_RAM_BASE), .size = RAM_SIZE};
    for (unsigned i = 0; i < count; i++) {
        f->vcpu[i].index = i;
        f->vcpu[i].kvm = (struct vpsci_kvm_vcpu){.fd = FIRST_FD + (int)i, .init = &init};
        f->vcpu[i].step = i == 0 ? boot : others;
        pthread_mutex_init(&f->vcpu[i].lock, NULL);
        pthread_cond_init(&f->vcpu[i].changed, NULL);
        pointers[i] = &f->vcpu[i];
    }
    static const struct psci_observer observer = {
        .power = NULL}; /* The test itself takes the changes. */
    const struct psci_options options = {
        .cpu_count = count,
        .system_suspend = true,
        .observer = &observer,
        .idle = idle,
        .notify_fd = f->notify_fd,
        .memory = &f->memory,
    };
    assert_int_equal(psci_create(&f->backend.psci, &options), 0);
    f->backend.ops = &psci_ops;
    const struct vcpus_env env = {
        .count = count, .psci = &f->backend, .notify_fd = f->notify_fd, .name = "test"};
    f->on[0] = true;
    f->vcpus = vcpus_start(pointers, &env);
    assert_non_null(f->vcpus);
    vcpus_resume(f->vcpus);
}

static void start(unsigned count, void (*boot)(struct vcpu *), void (*others)(struct vcpu *))
{
    start_idle(count, boot, others, IDLE_NONE);
}

static void finish(void)
{
    vcpus_stop(fixture.vcpus);
    psci_destroy(&fixture.backend.psci);
    close(fixture.notify_fd);
}

/* Takes changes as the main thread does; only a vCPU that is off may come on, and so on. */
static void take_changes(void)
{
    struct fixture *f = &fixture;
    struct change_told told;

    while (changes_take(f->backend.psci.changes, &told)) {
        if (told.what != CHANGE_NONE) {
            assert_int_equal(f->on[told.vcpu], told.what == CHANGE_OFF);
            f->on[told.vcpu] = told.what == CHANGE_ON;
            f->told_on += told.what == CHANGE_ON;
        }
        if (told.waits) {
            vcpus_nudge(f->vcpus, told.vcpu);
        }
    }
}

/* Waits until a vCPU hands an exit over, and takes changes meanwhile. Fails after a while. */
static void await_exit(unsigned *index, struct vcpu_exit *exit)
{
    enum { PATIENCE = 20000 };
    struct pollfd poll_fd = {.fd = fixture.notify_fd, .events = POLLIN};
    uint64_t count;

    for (;;) {
        take_changes();
        if (vcpus_next_exit(fixture.vcpus, index, exit)) {
            return;
        }
        assert_int_equal(poll(&poll_fd, 1, PATIENCE), 1);
        (void)!read(fixture.notify_fd, &count, sizeof(count));
    }
}

static struct power_call expect_exit(unsigned index, enum power_exit why)
{
    struct vcpu_exit exit;
    unsigned got;

    await_exit(&got, &exit);
    assert_int_equal(exit.kind, VCPU_EXIT_POWER);
    assert_int_equal(got, index);
    assert_int_equal(exit.power, why);
    return exit.call;
}

/* Waits until a vCPU has run so often. The test's time limit ends a wait in vain. */
static void await_steps(const struct vcpu *vcpu, unsigned steps)
{
    while (vcpu->steps < steps) {
        usleep(100);
    }
}

/* Waits longer than a busy thread needs. */
static void let_time_pass(void)
{
    usleep(20000);
}

/* Guests. */

static void turn_off(struct vcpu *vcpu)
{
    call_psci(vcpu, VPSCI_FID_32 | VPSCI_FN_CPU_OFF, 0, 0, 0);
}

static void spin(struct vcpu *vcpu)
{
    call_psci(vcpu, VPSCI_FID_32 | VPSCI_FN_VERSION, 0, 0, 0);
}

enum { STARTS = 2000 };

static unsigned starts; /* with the result SUCCESS */

/* Starts all other vCPUs again and again, off or not, then ends. */
static void start_others(struct vcpu *vcpu)
{
    if (vcpu->state > 0) {
        starts += vcpu->call.x[0] == 0;
    }
    unsigned target = 1 + vcpu->state++ % (fixture.count - 1);

    if (starts < STARTS) {
        call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_CPU_ON, map_mpidr(target), ENTRY, target);
    } else {
        call_psci(vcpu, VPSCI_FID_32 | VPSCI_FN_SYSTEM_OFF, 0, 0, 0);
    }
}

static void off_at_once(struct vcpu *vcpu)
{
    assert_true(vcpu->entered);
    assert_int_equal(vcpu->call.x[0], vcpu->index);
    turn_off(vcpu);
}

static void freeze_at_once(struct vcpu *vcpu)
{
    assert_true(vcpu->entered);
    call_psci(vcpu, VPSCI_FID_32 | VPSCI_FN_CPU_FREEZE, 0, 0, 0);
}

static unsigned all_enters(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < fixture.count; i++) {
        sum += fixture.vcpu[i].enters;
    }
    return sum;
}

/* Every accepted start happens and is reported, none twice, and the final states are right. */
static void expect_starts(void (*others)(struct vcpu *))
{
    starts = 0;
    start(VCPU_MOST, start_others, others);
    expect_exit(0, POWER_EXIT_OFF);
    vcpus_pause(fixture.vcpus);
    take_changes();
    /* A target may have been stopped between the accepted call and its start. */
    unsigned pending = 0;
    for (unsigned i = 0; i < fixture.count; i++) {
        pending += vpsci_vcpu_state(psci_vcpu(&fixture.backend.psci, i)) == VPSCI_STATE_ON_PENDING;
    }
    assert_int_equal(all_enters() + pending, starts);
    assert_int_equal(fixture.told_on, all_enters());
    finish();
}

static void starts_happen_and_are_reported(void **state)
{
    (void)state;
    expect_starts(off_at_once);
}

/* CPU_FREEZE is another way to be off. */
static void frozen_counts_as_off_and_is_reported(void **state)
{
    (void)state;
    expect_starts(freeze_at_once);
}

/* The same while the main thread pauses and resumes all vCPUs all the time. */
static void pauses_change_nothing(void **state)
{
    struct vcpu_exit exit;
    unsigned index;

    (void)state;
    starts = 0;
    start(VCPU_MOST, start_others, off_at_once);
    do {
        vcpus_pause(fixture.vcpus);
        take_changes();
        vcpus_resume(fixture.vcpus);
    } while (!vcpus_next_exit(fixture.vcpus, &index, &exit));
    assert_int_equal(exit.power, POWER_EXIT_OFF);
    vcpus_pause(fixture.vcpus);
    take_changes();
    assert_int_equal(fixture.told_on, all_enters());
    finish();
}

/*
 * A CPU_ON whose caller the host has stopped half way: vCPU 1 is claimed and not yet pending. In
 * the library this state lasts a few instructions; here it lasts until the test ends it.
 */
static _Atomic bool claimed;

enum vpsci_state __real_vpsci_vcpu_state(const struct vpsci_vcpu *vcpu);
enum vpsci_state __wrap_vpsci_vcpu_state(const struct vpsci_vcpu *vcpu);
void __real_vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out);
void __wrap_vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out);

static bool is_claimed(const struct vpsci_vcpu *vcpu)
{
    return claimed && vpsci_vcpu_index(vcpu) == 1;
}

enum vpsci_state __wrap_vpsci_vcpu_state(const struct vpsci_vcpu *vcpu)
{
    return is_claimed(vcpu) ? VPSCI_STATE_ON_PENDING : __real_vpsci_vcpu_state(vcpu);
}

void __wrap_vpsci_next(struct vpsci_vcpu *vcpu, struct vpsci_outcome *out)
{
    if (is_claimed(vcpu)) {
        *out = (struct vpsci_outcome){.action = VPSCI_WAIT, .wait = VPSCI_WAIT_STARTING};
    } else {
        /* What an outcome leaves undefined must not matter to dormouse. */
        memset(out, 0xa5, sizeof(*out));
        __real_vpsci_next(vcpu, out);
    }
}

void __real_vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *call,
                       struct vpsci_outcome *out);
void __wrap_vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *call,
                       struct vpsci_outcome *out);

void __wrap_vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *call,
                       struct vpsci_outcome *out)
{
    memset(out, 0xa5, sizeof(*out));
    __real_vpsci_call(vcpu, call, out);
}

static void start_one_once_told(struct vcpu *vcpu)
{
    if (vcpu->state == 0 && claimed) {
        vcpu->state = 1;
    }
    if (vcpu->state == 1 && !claimed) {
        vcpu->state = 2;
        call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_CPU_ON, map_mpidr(1), ENTRY, 1);
    } else {
        spin(vcpu);
    }
}

/*
 * A target that is nudged again and again while it is claimed draws tickets and cancels them. It
 * must start even if there are no other tickets.
 */
static void target_with_cancelled_tickets_starts(void **state)
{
    (void)state;
    start(2, start_one_once_told, off_at_once);
    claimed = true;
    for (unsigned i = 0; i < 5; i++) {
        vcpus_nudge(fixture.vcpus, 1);
        let_time_pass();
    }
    claimed = false;
    let_time_pass(); /* It is pending now, and its tickets have not been taken. */
    assert_int_equal(fixture.vcpu[1].enters, 0);
    for (unsigned i = 0; i < 100 && fixture.vcpu[1].enters == 0; i++) {
        take_changes();
        let_time_pass();
    }
    assert_int_equal(fixture.vcpu[1].enters, 1);
    finish();
}

/* The tickets are not taken: vCPUs that should start wait, running ones continue, a pause works. */
static void unread_changes_delay_only_starts(void **state)
{
    (void)state;
    starts = 0;
    start(2, start_others, off_at_once);
    let_time_pass();
    assert_in_range(all_enters(), 0, 16);
    vcpus_pause(fixture.vcpus);
    vcpus_resume(fixture.vcpus);
    await_steps(&fixture.vcpu[0], fixture.vcpu[0].steps + 1);
    expect_exit(0, POWER_EXIT_OFF); /* Now they are taken. */
    finish();
}

struct sleep {
    uint32_t function;
    uint64_t first;
    uint64_t second;
    bool enters;
};

static const struct sleep sleeps[] = {
    {VPSCI_FID_64 | VPSCI_FN_CPU_SUSPEND, 0, ENTRY, false},
    {VPSCI_FID_64 | VPSCI_FN_CPU_SUSPEND, 0x10000, ENTRY, true},
    {VPSCI_FID_64 | VPSCI_FN_CPU_DEFAULT_SUSPEND, ENTRY, 0, true},
};

static struct sleep the_sleep;

static void suspend_once(struct vcpu *vcpu)
{
    if (vcpu->state++ == 0) {
        call_psci(vcpu, the_sleep.function, the_sleep.first, the_sleep.second, 0);
    } else {
        assert_int_equal(vcpu->call.x[0], 0); /* SUCCESS, or the context ID after an entry */
        call_psci(vcpu, VPSCI_FID_32 | VPSCI_FN_SYSTEM_OFF, 0, 0, 0);
    }
}

/* CPU_SUSPEND waits for an interrupt; a pause does not end it. */
static void pause_does_not_wake(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(sleeps) / sizeof(sleeps[0]); i++) {
        the_sleep = sleeps[i];
        start(1, suspend_once, NULL);
        for (unsigned round = 0; round < 100; round++) {
            vcpus_pause(fixture.vcpus);
            vcpus_resume(fixture.vcpus);
        }
        await_steps(&fixture.vcpu[0], 1);
        let_time_pass();
        assert_int_equal(fixture.vcpu[0].steps, 1);
        interrupt(&fixture.vcpu[0]);
        expect_exit(0, POWER_EXIT_OFF);
        assert_int_equal(fixture.vcpu[0].enters, sleeps[i].enters);
        finish();
    }
}

/* An interrupt during a pause ends the wait after the pause. */
static void interrupt_during_a_pause_is_kept(void **state)
{
    (void)state;
    the_sleep = sleeps[1];
    start(1, suspend_once, NULL);
    await_steps(&fixture.vcpu[0], 1);
    vcpus_pause(fixture.vcpus);
    interrupt(&fixture.vcpu[0]);
    let_time_pass();
    assert_int_equal(fixture.vcpu[0].steps, 1);
    vcpus_resume(fixture.vcpus);
    expect_exit(0, POWER_EXIT_OFF);
    finish();
}

static void start_one_and_reset(struct vcpu *vcpu)
{
    if (vcpu->state++ == 0) {
        call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_CPU_ON, map_mpidr(1), ENTRY, 1);
    } else if (fixture.vcpu[1].steps > 0) {
        call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_SYSTEM_RESET2, 0x80000007, 42, 0);
    } else {
        spin(vcpu);
    }
}

/* The caller of a reset stops the others; the reset is handed over once, with its arguments. */
static void reset_stops_the_others(void **state)
{
    (void)state;
    start(2, start_one_and_reset, spin);
    struct power_call call = expect_exit(0, POWER_EXIT_RESET2);
    assert_int_equal(call.reset_type, 0x80000007);
    assert_int_equal(call.reset_cookie, 42);
    let_time_pass();
    unsigned steps = fixture.vcpu[1].steps;
    let_time_pass();
    assert_int_equal(fixture.vcpu[1].steps, steps);
    finish();
}

static void suspend_badly(struct vcpu *vcpu)
{
    static const uint64_t entries[] = {ENTRY + 1, MAP_RAM_BASE + RAM_SIZE, ENTRY};
    unsigned n = vcpu->state++;

    if (n < 3) {
        call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_SYSTEM_SUSPEND, entries[n], 7, 0);
    } else {
        assert_int_equal((int64_t)vcpu->call.x[0], VPSCI_DENIED);
        call_psci(vcpu, VPSCI_FID_32 | VPSCI_FN_SYSTEM_OFF, 0, 0, 0);
    }
}

/* Every SYSTEM_SUSPEND is handed over, with the function ID still in x0; a refused one with its reason. */
static void suspends_are_handed_over(void **state)
{
    struct vpsci_request request;

    (void)state;
    start(1, suspend_badly, NULL);
    for (unsigned i = 0; i < 2; i++) {
        struct power_call call = expect_exit(0, POWER_EXIT_BAD_ENTRY);
        assert_int_equal(call.suspend.entry.value, i == 0 ? ENTRY + 1 : MAP_RAM_BASE + RAM_SIZE);
        assert_int_equal(call.suspend.context, 7);
        assert_false(call.suspend.smc32);
        assert_true(fixture.vcpu[0].call.x[0] == (VPSCI_FID_64 | VPSCI_FN_SYSTEM_SUSPEND));
        assert_false(vpsci_pending_request(psci_vcpu(&fixture.backend.psci, 0), &request));
        vcpus_resume(fixture.vcpus);
    }
    expect_exit(0, POWER_EXIT_ALLOWED);
    vcpus_resume(fixture.vcpus); /* There is no answer, so the vCPU stays where it is. */
    let_time_pass();
    assert_int_equal(fixture.vcpu[0].steps, 3);
    assert_int_equal(vpsci_answer(psci_vcpu(&fixture.backend.psci, 0), VPSCI_DENIED), 0);
    vcpus_nudge(fixture.vcpus, 0);
    expect_exit(0, POWER_EXIT_OFF);
    finish();
}

static void suspend_always(struct vcpu *vcpu)
{
    call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_SYSTEM_SUSPEND, ENTRY, 7, 0);
}

static void start_one_and_suspend(struct vcpu *vcpu)
{
    if (vcpu->state++ == 0) {
        call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_CPU_ON, map_mpidr(1), ENTRY, 1);
    } else {
        suspend_always(vcpu);
    }
}

static void await_steps_and_take_changes(const struct vcpu *vcpu, unsigned steps)
{
    while (vcpu->steps < steps) {
        take_changes();
        usleep(100);
    }
}

/* A vCPU that exits again at once is not served twice while another one waits. */
static void exits_take_turns(void **state)
{
    struct vcpu_exit exit;
    unsigned first;
    unsigned second;

    (void)state;
    start(2, start_one_and_suspend, suspend_always);
    await_steps_and_take_changes(&fixture.vcpu[0], 2);
    await_steps_and_take_changes(&fixture.vcpu[1], 1);
    vcpus_pause(fixture.vcpus); /* Both exits wait from here on. */
    for (unsigned i = 0; i < 10; i++) {
        assert_true(vcpus_next_exit(fixture.vcpus, &first, &exit));
        unsigned steps = fixture.vcpu[first].steps;
        vcpus_resume(fixture.vcpus);
        await_steps_and_take_changes(&fixture.vcpu[first], steps + 1);
        vcpus_pause(fixture.vcpus);
        assert_true(vcpus_next_exit(fixture.vcpus, &second, &exit));
        assert_int_not_equal(first, second);
        steps = fixture.vcpu[second].steps;
        vcpus_resume(fixture.vcpus);
        await_steps_and_take_changes(&fixture.vcpu[second], steps + 1);
        vcpus_pause(fixture.vcpus);
    }
    assert_true(vcpus_next_exit(fixture.vcpus, &first, &exit));
    assert_true(vcpus_have_exit(fixture.vcpus));
    vcpus_forget_exit(fixture.vcpus, 1 - first);
    assert_false(vcpus_have_exit(fixture.vcpus));
    assert_false(vcpus_next_exit(fixture.vcpus, &first, &exit));
    finish();
}

static void fail_now(struct vcpu *vcpu)
{
    vcpu->fail = EIO;
    call_psci(vcpu, VPSCI_FID_64 | VPSCI_FN_AFFINITY_INFO, 0, 0, 0);
}

static void kvm_errors_are_returned(void **state)
{
    struct vcpu_exit exit;
    unsigned index;

    (void)state;
    start(1, fail_now, NULL);
    await_exit(&index, &exit);
    assert_int_equal(exit.kind, VCPU_EXIT_FAILED);
    assert_int_equal(exit.error, EIO);
    finish();
}

/* The last vCPU turns itself off: none runs, and all can still be stopped. */
static void all_off_can_still_be_stopped(void **state)
{
    (void)state;
    start(2, turn_off, NULL);
    await_steps(&fixture.vcpu[0], 1);
    assert_int_equal(fixture.vcpu[0].steps, 1);
    vcpus_pause(fixture.vcpus);
    take_changes();
    assert_false(fixture.on[0]);
    vcpus_resume(fixture.vcpus);
    let_time_pass();
    assert_int_equal(fixture.vcpu[0].steps, 1);
    finish();
}

/* A guest that makes the calls of a list, one after the other, and checks each result. */
struct line {
    uint64_t function;
    uint64_t first;
    uint64_t second;
    uint64_t third;
    int64_t result; /* or the context ID */
    uint64_t reads; /* registers that the monitor reads for the call */
};

static const struct line *script;

static void follow_script(struct vcpu *vcpu)
{
    if (vcpu->state > 0) {
        const struct line *last = &script[vcpu->state - 1];

        assert_int_equal((int64_t)vcpu->call.x[0], last->result);
        assert_int_equal(vcpu->reads, last->reads);
    }
    const struct line *line = &script[vcpu->state++];
    vcpu->reads = 0;
    call_psci(vcpu, (uint32_t)line->function, line->first, line->second, line->third);
}

static void run_script(const struct line *lines, enum idle_mode idle, enum power_exit end)
{
    script = lines;
    start_idle(2, follow_script, off_at_once, idle);
    interrupt(&fixture.vcpu[0]); /* An interrupt ends each sleep at once. */
    expect_exit(0, end);
}

#define FN32(name)  (VPSCI_FID_32 | VPSCI_FN_##name)
#define FN64(name)  (VPSCI_FID_64 | VPSCI_FN_##name)
#define CONTEXT     UINT64_C(0x1122334455667788)
#define SYSTEM_ENDS {FN32(SYSTEM_OFF), 0, 0, 0, 0, 0}

/* A register is read only if the function has it as an argument that counts. */
static void calls_read_only_their_arguments(void **state)
{
    static const struct line lines[] = {
        {FN32(VERSION), 0, 0, 0, VPSCI_VERSION_NEWEST, 0},
        {FN32(FEATURES), FN32(CPU_ON), 0, 0, 0, 1},
        {FN64(AFFINITY_INFO), 1, 0, 0, 1, 2},
        {FN64(CPU_SUSPEND), 0, 1, 0, VPSCI_SUCCESS, 1},
        {FN64(CPU_SUSPEND), 2, 1, 0, VPSCI_INVALID_PARAMETERS, 1},
        {FN64(CPU_SUSPEND), 0x10000, ENTRY, CONTEXT, CONTEXT, 4},
        {FN64(CPU_SUSPEND), 0x10000, 1, 0, VPSCI_INVALID_ADDRESS, 4},
        {FN64(CPU_DEFAULT_SUSPEND), ENTRY, CONTEXT, 0, CONTEXT, 3},
        {FN64(CPU_ON), 1, ENTRY, 1, VPSCI_SUCCESS, 4},
        SYSTEM_ENDS,
    };

    (void)state;
    run_script(lines, IDLE_NONE, POWER_EXIT_OFF);
    finish();
}

/* Without --idle PSCI counts the two default states of CPU_SUSPEND. */
static void sleeps_without_idle_states_are_counted(void **state)
{
    static const struct line lines[] = {
        {FN64(CPU_SUSPEND), 0, 0, 0, VPSCI_SUCCESS, 1},
        {FN64(CPU_SUSPEND), 0, 0, 0, VPSCI_SUCCESS, 1},
        {FN64(CPU_SUSPEND), 0x10000, ENTRY, CONTEXT, CONTEXT, 4},
        {FN64(STAT_COUNT), 0, 0, 0, 2, 2},
        {FN64(STAT_COUNT), 0, 0x10000, 0, 1, 2},
        {FN64(NODE_HW_STATE), 0, 0, 0, VPSCI_HW_ON, 2},
        {FN64(NODE_HW_STATE), 1, 0, 0, VPSCI_HW_OFF, 2},
        SYSTEM_ENDS,
    };

    (void)state;
    run_script(lines, IDLE_NONE, POWER_EXIT_OFF);
    finish();
}

/* With --idle dormouse's counts and PSCI's agree, also for CPU_DEFAULT_SUSPEND. */
static void default_suspend_is_counted(void **state)
{
    static const struct line lines[] = {
        {FN64(CPU_DEFAULT_SUSPEND), ENTRY, CONTEXT, 0, CONTEXT, 3},
        {FN64(CPU_SUSPEND), 0x10002, ENTRY, CONTEXT, CONTEXT, 4},
        {FN32(CPU_DEFAULT_SUSPEND), ENTRY, 7, 0, 7, 3},
        {FN64(CPU_DEFAULT_SUSPEND), 1, 0, 0, VPSCI_INVALID_ADDRESS, 3},
        {FN64(STAT_COUNT), 0, 0x10002, 0, 3, 2},
        {FN64(STAT_COUNT), 0, 1, 0, 0, 2},
        SYSTEM_ENDS,
    };

    (void)state;
    run_script(lines, IDLE_POWERDOWN, POWER_EXIT_OFF);
    assert_int_equal(psci_idle_count(&fixture.backend.psci, 0, 0), 0);
    assert_int_equal(psci_idle_count(&fixture.backend.psci, 0, 1), 3);
    finish();
    /* --idle standby has no powerdown state in which the call could be counted. */
    static const struct line standby[] = {
        {FN64(CPU_DEFAULT_SUSPEND), ENTRY, CONTEXT, 0, CONTEXT, 3},
        {FN64(STAT_COUNT), 0, 1, 0, 0, 2},
        SYSTEM_ENDS,
    };
    run_script(standby, IDLE_STANDBY, POWER_EXIT_OFF);
    assert_int_equal(psci_idle_count(&fixture.backend.psci, 0, 0), 0);
    finish();
}

#define PROTECTED                                                                                  \
    {FN32(MEM_PROTECT), 1, 0, 0, 0, 1}, {FN32(MEM_PROTECT), 1, 0, 0, 1, 1},                        \
        {FN64(MEM_PROTECT_CHECK_RANGE), MAP_RAM_BASE, RAM_SIZE, 0, VPSCI_SUCCESS, 2},              \
        {FN64(MEM_PROTECT_CHECK_RANGE), MAP_RAM_BASE, RAM_SIZE + 1, 0, VPSCI_DENIED, 2},           \
        {FN64(MEM_PROTECT_CHECK_RANGE), MAP_RAM_BASE - 1, 2, 0, VPSCI_DENIED, 2},                  \
        {FN64(MEM_PROTECT_CHECK_RANGE), MAP_RAM_BASE, 0, 0, VPSCI_DENIED, 2},                      \
        {FN64(MEM_PROTECT_CHECK_RANGE), MAP_RAM_BASE, UINT64_MAX, 0, VPSCI_DENIED, 2}

/* A reset that clears memory keeps the protection; a reset that keeps memory ends it. */
static void protection_covers_memory(void **state)
{
    static const struct line cold[] = {PROTECTED, {FN32(SYSTEM_RESET), 0, 0, 0, 0, 0}};
    static const struct line warm[] = {PROTECTED, {FN64(SYSTEM_RESET2), 0, 0, 0, 0, 2}};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        run_script(i == 0 ? cold : warm, IDLE_NONE, i == 0 ? POWER_EXIT_RESET : POWER_EXIT_RESET2);
        vcpus_pause(fixture.vcpus);
        assert_true(vpsci_mem_protect(fixture.backend.psci.vm));
        assert_int_equal(vpsci_answer(psci_vcpu(&fixture.backend.psci, 0), VPSCI_SUCCESS), 0);
        psci_reset(&fixture.backend.psci);
        assert_int_equal(vpsci_mem_protect(fixture.backend.psci.vm), i == 0);
        finish();
    }
}

static _Atomic int64_t now_ms = 1;

int64_t __wrap_clock_now_ms(void);
int64_t __wrap_clock_now_ms(void)
{
    return now_ms;
}

static void pause_is_no_silence(void **state)
{
    (void)state;
    start(1, NULL, NULL);
    now_ms += 2000;
    assert_int_equal(vcpus_silent_seconds(fixture.vcpus), 2);
    vcpus_pause(fixture.vcpus);
    now_ms += 10000;
    assert_int_equal(vcpus_silent_seconds(fixture.vcpus), 2);
    vcpus_pause(fixture.vcpus);
    vcpus_resume(fixture.vcpus);
    now_ms += 3000;
    assert_int_equal(vcpus_silent_seconds(fixture.vcpus), 5);
    vcpus_resume(fixture.vcpus);
    assert_int_equal(vcpus_silent_seconds(fixture.vcpus), 5);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_happen_and_are_reported),
        cmocka_unit_test(frozen_counts_as_off_and_is_reported),
        cmocka_unit_test(pauses_change_nothing),
        cmocka_unit_test(target_with_cancelled_tickets_starts),
        cmocka_unit_test(unread_changes_delay_only_starts),
        cmocka_unit_test(pause_does_not_wake),
        cmocka_unit_test(interrupt_during_a_pause_is_kept),
        cmocka_unit_test(reset_stops_the_others),
        cmocka_unit_test(suspends_are_handed_over),
        cmocka_unit_test(exits_take_turns),
        cmocka_unit_test(kvm_errors_are_returned),
        cmocka_unit_test(all_off_can_still_be_stopped),
        cmocka_unit_test(calls_read_only_their_arguments),
        cmocka_unit_test(sleeps_without_idle_states_are_counted),
        cmocka_unit_test(default_suspend_is_counted),
        cmocka_unit_test(protection_covers_memory),
        cmocka_unit_test(pause_is_no_silence),
    };

    return cmocka_run_group_tests_name("vcpus", tests, NULL, NULL);
}
