/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's registers: its entry point, the arguments and results of calls, timers. */
#include <linux/psci.h>
#include <stddef.h>

#include "core/map.h"
#include "kvm/state_parts.h"
#include "vpsci/abi.h"

#define REG_PC        (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc))
#define REG_MPIDR_EL1 ARM64_SYS_REG(3, 0, 0, 0, 5)

#define TIMER_CTL_ENABLE  UINT64_C(1)
#define TIMER_CTL_IMASK   UINT64_C(2)
#define TIMER_CTL_ISTATUS UINT64_C(4)

int vcpu_get_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
    return vpsci_kvm_get(&vcpu->kvm, id, value);
}

int vcpu_set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
    return vpsci_kvm_set(&vcpu->kvm, id, value);
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

int vcpu_set_entry(struct vcpu *vcpu, struct ipa pc, uint64_t x0, bool big_endian)
{
    const struct vpsci_entry entry = {
        .address = {pc.value}, .context = x0, .big_endian = big_endian};

    return vpsci_kvm_start(&vcpu->kvm, &entry);
}

int vcpu_call_arguments(struct vcpu *vcpu, uint64_t *first, uint64_t *second)
{
    uint64_t x[2];
    int error = vpsci_kvm_read_x(&vcpu->kvm, 1, 3, x);

    if (error == 0) {
        *first = x[0];
        *second = x[1];
    }
    return error;
}

int vcpu_suspend_call(struct vcpu *vcpu, struct suspend_call *call)
{
    uint64_t x[3];
    int error = vpsci_kvm_read_x(&vcpu->kvm, 0, 3, x);

    if (error == 0) {
        error = vpsci_kvm_read_endianness(&vcpu->kvm, &call->big_endian);
    }
    if (error != 0) {
        return error;
    }
    /* KVM leaves the function ID in x0. SMC32 arguments are 32 bits wide (SMCCC 3.1). */
    call->smc32 = (uint32_t)x[0] == PSCI_1_0_FN_SYSTEM_SUSPEND;
    uint64_t mask = call->smc32 ? UINT32_MAX : UINT64_MAX;
    call->entry = ipa(x[1] & mask);
    call->context = x[2] & mask;
    return 0;
}

int vcpu_save_virtual_timer(struct vcpu *vcpu, struct vpsci_kvm_timers *timers)
{
    int error = vcpu_get_reg(vcpu, KVM_REG_ARM_TIMER_CVAL, &timers->value[VPSCI_KVM_TIMER_VIRTUAL]);

    return error != 0 ? error
                      : vcpu_get_reg(vcpu, KVM_REG_ARM_TIMER_CTL,
                                     &timers->value[VPSCI_KVM_TIMER_VIRTUAL_CONTROL]);
}

int vcpu_restore_virtual_timer(struct vcpu *vcpu, const struct vpsci_kvm_timers *timers)
{
    int error = vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CVAL, timers->value[VPSCI_KVM_TIMER_VIRTUAL]);

    return error != 0 ? error
                      : vcpu_set_reg(vcpu, KVM_REG_ARM_TIMER_CTL,
                                     timers->value[VPSCI_KVM_TIMER_VIRTUAL_CONTROL]);
}

bool vcpu_timer_is_armed(uint64_t control)
{
    return (control & (TIMER_CTL_ENABLE | TIMER_CTL_IMASK)) == TIMER_CTL_ENABLE;
}

int vcpu_answer(struct vcpu *vcpu, int64_t result)
{
    return vpsci_kvm_answer(&vcpu->kvm, (uint64_t)result);
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
