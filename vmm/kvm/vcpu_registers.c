/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's registers: its entry point, the arguments and results of calls, timers. */
#include <linux/psci.h>
#include <stddef.h>

#include "core/map.h"
#include "kvm/state_parts.h"
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

int vcpu_get_pc(struct vcpu *vcpu, uint64_t *pc)
{
    return vcpu_get_reg(vcpu, REG_PC, pc);
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

/* KVM_ARM_VCPU_INIT makes the vCPU little-endian. A big-endian caller resumes big-endian. */
static int vcpu_set_big_endian(struct vcpu *vcpu)
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
        error = vcpu_set_big_endian(vcpu);
    }
    return error;
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

/* The comparison is written before the control: a timer must not be on with an old comparison. */
static const uint64_t timer_registers[VCPU_TIMER_VALUES] = {
    [VCPU_TIMER_VIRTUAL] = KVM_REG_ARM_TIMER_CVAL,
    [VCPU_TIMER_PHYSICAL] = KVM_REG_ARM_PTIMER_CVAL,
    [VCPU_TIMER_VIRTUAL_CONTROL] = KVM_REG_ARM_TIMER_CTL,
    [VCPU_TIMER_PHYSICAL_CONTROL] = KVM_REG_ARM_PTIMER_CTL,
};

int vcpu_save_timers(struct vcpu *vcpu, struct vcpu_timers *timers)
{
    int error = 0;

    for (unsigned i = 0; i < VCPU_TIMER_VALUES && error == 0; i++) {
        error = vcpu_get_reg(vcpu, timer_registers[i], &timers->value[i]);
    }
    return error;
}

int vcpu_restore_timers(struct vcpu *vcpu, const struct vcpu_timers *timers)
{
    int error = 0;

    for (unsigned i = 0; i < VCPU_TIMER_VALUES && error == 0; i++) {
        error = vcpu_set_reg(vcpu, timer_registers[i], timers->value[i]);
    }
    return error;
}

int vcpu_save_virtual_timer(struct vcpu *vcpu, struct vcpu_timers *timers)
{
    int error = vcpu_get_reg(vcpu, KVM_REG_ARM_TIMER_CVAL, &timers->value[VCPU_TIMER_VIRTUAL]);

    return error != 0 ? error
                      : vcpu_get_reg(vcpu, KVM_REG_ARM_TIMER_CTL,
                                     &timers->value[VCPU_TIMER_VIRTUAL_CONTROL]);
}

int vcpu_restore_virtual_timer(struct vcpu *vcpu, const struct vcpu_timers *timers)
{
    int error = vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CVAL, timers->value[VCPU_TIMER_VIRTUAL]);

    return error != 0 ? error
                      : vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CTL,
                                     timers->value[VCPU_TIMER_VIRTUAL_CONTROL]);
}

bool vcpu_timer_is_armed(uint64_t control)
{
    return (control & (TIMER_CTL_ENABLE | TIMER_CTL_IMASK)) == TIMER_CTL_ENABLE;
}

int vcpu_answer(struct vcpu *vcpu, int64_t result)
{
    return vcpu_set_reg(vcpu, REG_X0, (uint64_t)result);
}

static bool vcpu_timer_fires(struct vcpu *vcpu, uint64_t control_register)
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
    /* KVM shows a timer's output to the GIC only when the vCPU runs next. */
    if (vcpu_timer_fires(vcpu, KVM_REG_ARM_TIMER_CTL)) {
        return (int)MAP_INTID_VTIMER;
    }
    return vcpu_timer_fires(vcpu, KVM_REG_ARM_PTIMER_CTL) ? (int)MAP_INTID_PTIMER : -1;
}
