/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/kvm.h>
#include <linux/psci.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/map.h"
#include "kvm/kvm_parts.h"
#include "vpsci/abi.h"

#define CORE_REG(field)                                                                            \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define REG_X0        CORE_REG(regs.regs[0])
#define REG_X1        CORE_REG(regs.regs[1])
#define REG_X2        CORE_REG(regs.regs[2])
#define REG_X3        CORE_REG(regs.regs[3])
#define REG_PC        CORE_REG(regs.pc)
#define REG_SCTLR_EL1 ARM64_SYS_REG(3, 0, 1, 0, 0)
#define REG_MPIDR_EL1 ARM64_SYS_REG(3, 0, 0, 0, 5)

#define SCTLR_EE          (UINT64_C(1) << 25)
#define TIMER_CTL_ENABLE  UINT64_C(1)
#define TIMER_CTL_IMASK   UINT64_C(2)
#define TIMER_CTL_ISTATUS UINT64_C(4)

int vcpu_get_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};

    return kvm_call(vcpu->fd, KVM_GET_ONE_REG, &reg);
}

int vcpu_set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
    struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

    return kvm_call(vcpu->fd, KVM_SET_ONE_REG, &reg);
}

static int vcpu_open(struct vcpu *vcpu, struct vm *vm, unsigned index)
{
    vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
    if (vcpu->fd < 0) {
        return -errno;
    }
    void *run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
    if (run == MAP_FAILED) {
        return -errno;
    }
    vcpu->run = run;
    return 0;
}

struct vcpu *vcpu_create(struct vm *vm, unsigned index)
{
    struct vcpu *vcpu = calloc(1, sizeof(*vcpu));

    if (vcpu == NULL) {
        return NULL;
    }
    vcpu->vm = vm;
    vcpu->index = index;
    vcpu->fd = vcpu->stats_fd = -1;
    int error = vcpu_open(vcpu, vm, index);
    if (error != 0) {
        vcpu_destroy(vcpu);
        errno = -error;
        return NULL;
    }
    return vcpu;
}

void vcpu_destroy(struct vcpu *vcpu)
{
    if (vcpu == NULL) {
        return;
    }
    stats_close(vcpu);
    if (vcpu->run != NULL) {
        munmap(vcpu->run, vcpu->vm->run_size);
    }
    if (vcpu->fd >= 0) {
        close(vcpu->fd);
    }
    free(vcpu);
}

static int set_mp_state(struct vcpu *vcpu, uint32_t value)
{
    struct kvm_mp_state state = {.mp_state = value};

    return kvm_call(vcpu->fd, KVM_SET_MP_STATE, &state);
}

/*
 * Always with KVM_ARM_VCPU_POWER_OFF: Linux 6.1, for one, wants a vCPU initialised with the
 * features that it had the first time, and counts that one among them.
 */
int vcpu_init(struct vcpu *vcpu, bool off)
{
    struct kvm_vcpu_init init = vcpu->vm->target;

    init.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2 | 1u << KVM_ARM_VCPU_POWER_OFF;
    int error = kvm_call(vcpu->fd, KVM_ARM_VCPU_INIT, &init);
    if (error != 0 || off) {
        return error;
    }
    return set_mp_state(vcpu, KVM_MP_STATE_RUNNABLE);
}

int vcpu_get_psci_version(struct vcpu *vcpu, uint32_t *version)
{
    uint64_t value = 0;
    int error = vcpu_get_reg(vcpu, KVM_REG_ARM_PSCI_VERSION, &value);

    *version = (uint32_t)value;
    return error;
}

int vcpu_set_psci_version(struct vcpu *vcpu, uint32_t version)
{
    return vcpu_set_reg(vcpu, KVM_REG_ARM_PSCI_VERSION, version);
}

int vcpu_get_mpidr(struct vcpu *vcpu, uint64_t *mpidr)
{
    int error = vcpu_get_reg(vcpu, REG_MPIDR_EL1, mpidr);

    *mpidr &= VPSCI_MPIDR_MASK;
    return error;
}

/* KVM_ARM_VCPU_INIT leaves the vCPU little-endian; a big-endian caller is to find it as it was. */
static int set_big_endian(struct vcpu *vcpu)
{
    uint64_t sctlr;
    int error = vcpu_get_reg(vcpu, REG_SCTLR_EL1, &sctlr);

    return error != 0 ? error : vcpu_set_reg(vcpu, REG_SCTLR_EL1, sctlr | SCTLR_EE);
}

int vcpu_set_entry(struct vcpu *vcpu, struct ipa pc, uint64_t x0, bool big_endian)
{
    int error = vcpu_set_reg(vcpu, REG_PC, pc.value);

    if (error == 0) {
        error = vcpu_set_reg(vcpu, REG_X0, x0);
    }
    if (error == 0 && big_endian) {
        error = set_big_endian(vcpu);
    }
    return error;
}

static void decode_mmio(const struct kvm_run *run, struct vcpu_exit *exit)
{
    exit->kind = run->mmio.is_write ? VCPU_EXIT_WRITE : VCPU_EXIT_READ;
    exit->address = ipa(run->mmio.phys_addr);
    exit->size = run->mmio.len;
    exit->value = 0;
    /* KVM gives the bytes as the device sees them; the devices here are little-endian. */
    memcpy(&exit->value, run->mmio.data, run->mmio.len);
}

static bool has_flag(const struct kvm_run *run, uint64_t flag)
{
    return run->system_event.ndata > 0 && (run->system_event.data[0] & flag) != 0;
}

/* Linux 6.13's; older headers, which this builds with too, do not have it. */
#define SHUTDOWN_FLAG_PSCI_OFF2 (UINT64_C(1) << 0)

static void decode_system_event(const struct kvm_run *run, struct vcpu_exit *exit)
{
    exit->kind = VCPU_EXIT_POWER;
    switch (run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        exit->power =
            has_flag(run, SHUTDOWN_FLAG_PSCI_OFF2) ? POWER_EXIT_HIBERNATE : POWER_EXIT_OFF;
        return;
    case KVM_SYSTEM_EVENT_RESET:
        exit->power = has_flag(run, KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2) ? POWER_EXIT_RESET2
                                                                             : POWER_EXIT_RESET;
        return;
    case KVM_SYSTEM_EVENT_SUSPEND:
        exit->power = POWER_EXIT_SUSPEND;
        return;
    case KVM_SYSTEM_EVENT_WAKEUP:
        exit->power = POWER_EXIT_WAKEUP;
        return;
    default:
        exit->kind = VCPU_EXIT_FAILED;
        return;
    }
}

static void decode(const struct kvm_run *run, struct vcpu_exit *exit)
{
    exit->reason = run->exit_reason;
    switch (run->exit_reason) {
    case KVM_EXIT_MMIO:
        decode_mmio(run, exit);
        return;
    case KVM_EXIT_ARM_NISV:
        exit->kind = VCPU_EXIT_OPAQUE;
        return;
    case KVM_EXIT_HYPERCALL:
        exit->kind = VCPU_EXIT_CALL;
        exit->function = (uint32_t)run->hypercall.nr;
        return;
    case KVM_EXIT_SYSTEM_EVENT:
        decode_system_event(run, exit);
        return;
    case KVM_EXIT_INTR:
        exit->kind = VCPU_EXIT_KICKED;
        return;
    default:
        exit->kind = VCPU_EXIT_FAILED;
        return;
    }
}

void vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
    int error = kvm_call(vcpu->fd, KVM_RUN, NULL);

    exit->error = -error;
    if (error == 0) {
        decode(vcpu->run, exit);
    } else if (error == -EINTR || error == -EAGAIN) {
        exit->kind = VCPU_EXIT_KICKED;
    } else {
        exit->kind = VCPU_EXIT_FAILED;
    }
}

void vcpu_finish_read(struct vcpu *vcpu, uint64_t value, unsigned size)
{
    memcpy(vcpu->run->mmio.data, &value, size);
}

int vcpu_abort_access(struct vcpu *vcpu)
{
    struct kvm_vcpu_events events = {.exception = {.ext_dabt_pending = 1}};

    return kvm_call(vcpu->fd, KVM_SET_VCPU_EVENTS, &events);
}

void vcpu_kick(struct vcpu *vcpu)
{
    /* Pairs with KVM's own read at the start of KVM_RUN; the caller's signal orders the two. */
    __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

void vcpu_unkick(struct vcpu *vcpu)
{
    __atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
}

void vcpu_describe_failure(struct vcpu *vcpu, const struct vcpu_exit *exit, char *text, size_t size)
{
    uint64_t pc = 0;

    vcpu_get_reg(vcpu, REG_PC, &pc);
    if (exit->error != 0) {
        snprintf(text, size, "KVM_RUN: %s, at pc 0x%llx", strerror(exit->error),
                 (unsigned long long)pc);
        return;
    }
    snprintf(text, size, "KVM exit reason %u (suberror %u), at pc 0x%llx", exit->reason,
             exit->reason == KVM_EXIT_INTERNAL_ERROR ? vcpu->run->internal.suberror : 0,
             (unsigned long long)pc);
}

int vcpu_is_off(struct vcpu *vcpu)
{
    struct kvm_mp_state state;
    int error = kvm_call(vcpu->fd, KVM_GET_MP_STATE, &state);

    return error != 0 ? error : state.mp_state == KVM_MP_STATE_STOPPED;
}

int vcpu_doze(struct vcpu *vcpu)
{
    return set_mp_state(vcpu, KVM_MP_STATE_SUSPENDED);
}

int vcpu_rouse(struct vcpu *vcpu)
{
    return set_mp_state(vcpu, KVM_MP_STATE_RUNNABLE);
}

int vcpu_read_arguments(struct vcpu *vcpu, unsigned first, unsigned end,
                        uint64_t arguments[VCPU_ARGUMENTS_MAX])
{
    static const uint64_t registers[VCPU_ARGUMENTS_MAX] = {REG_X1, REG_X2, REG_X3};
    int error = 0;

    for (unsigned i = first; i < end && i < VCPU_ARGUMENTS_MAX && error == 0; i++) {
        error = vcpu_get_reg(vcpu, registers[i], &arguments[i]);
    }
    return error;
}

int vcpu_read_endianness(struct vcpu *vcpu, bool *big_endian)
{
    uint64_t sctlr = 0;
    int error = vcpu_get_reg(vcpu, REG_SCTLR_EL1, &sctlr);

    *big_endian = (sctlr & SCTLR_EE) != 0;
    return error;
}

int vcpu_call_arguments(struct vcpu *vcpu, uint64_t *first, uint64_t *second)
{
    int error = vcpu_get_reg(vcpu, REG_X1, first);

    return error != 0 ? error : vcpu_get_reg(vcpu, REG_X2, second);
}

int vcpu_suspend_call(struct vcpu *vcpu, struct suspend_call *call)
{
    uint64_t function;
    uint64_t entry;
    uint64_t sctlr;
    int error = vcpu_get_reg(vcpu, REG_X0, &function);

    if (error == 0) {
        error = vcpu_call_arguments(vcpu, &entry, &call->context);
    }
    if (error == 0) {
        error = vcpu_get_reg(vcpu, REG_SCTLR_EL1, &sctlr);
    }
    if (error != 0) {
        return error;
    }
    /* KVM leaves the function ID in x0. SMC32 arguments are 32 bits wide (SMCCC 3.1). */
    call->smc32 = (uint32_t)function == PSCI_1_0_FN_SYSTEM_SUSPEND;
    if (call->smc32) {
        entry = (uint32_t)entry;
        call->context = (uint32_t)call->context;
    }
    call->entry = ipa(entry);
    call->big_endian = (sctlr & SCTLR_EE) != 0;
    return 0;
}

/* When it fires comes before whether: a timer must not be on with an old comparison. */
static const uint64_t timer_registers[4] = {
    KVM_REG_ARM_TIMER_CVAL,
    KVM_REG_ARM_PTIMER_CVAL,
    KVM_REG_ARM_TIMER_CTL,
    KVM_REG_ARM_PTIMER_CTL,
};

int vcpu_save_timers(struct vcpu *vcpu, struct vcpu_timers *timers)
{
    int error = 0;

    for (unsigned i = 0; i < 4 && error == 0; i++) {
        error = vcpu_get_reg(vcpu, timer_registers[i], &timers->value[i]);
    }
    return error;
}

int vcpu_restore_timers(struct vcpu *vcpu, const struct vcpu_timers *timers)
{
    int error = 0;

    for (unsigned i = 0; i < 4 && error == 0; i++) {
        error = vcpu_set_reg(vcpu, timer_registers[i], timers->value[i]);
    }
    return error;
}

int vcpu_answer(struct vcpu *vcpu, int64_t result)
{
    return vcpu_set_reg(vcpu, REG_X0, (uint64_t)result);
}

static bool timer_fires(struct vcpu *vcpu, uint64_t control_register)
{
    uint64_t control = 0;

    return vcpu_get_reg(vcpu, control_register, &control) == 0 &&
           (control & (TIMER_CTL_ENABLE | TIMER_CTL_IMASK | TIMER_CTL_ISTATUS)) ==
               (TIMER_CTL_ENABLE | TIMER_CTL_ISTATUS);
}

int vcpu_pending_intid(struct vcpu *vcpu)
{
    uint64_t mpidr;

    if (vcpu_get_mpidr(vcpu, &mpidr) != 0) {
        return -1;
    }
    int intid = gic_pending_intid(vcpu->vm, mpidr);
    if (intid >= 0) {
        return intid;
    }
    /* KVM moves a timer's output into the GIC only when the vCPU runs next. */
    if (timer_fires(vcpu, KVM_REG_ARM_TIMER_CTL)) {
        return (int)MAP_INTID_VTIMER;
    }
    return timer_fires(vcpu, KVM_REG_ARM_PTIMER_CTL) ? (int)MAP_INTID_PTIMER : -1;
}
