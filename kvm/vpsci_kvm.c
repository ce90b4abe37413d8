/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM and its vCPUs in KVM, without libvpsci. */
#include "vpsci_kvm.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <sys/ioctl.h>

#define CORE_REG(field)                                                                            \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define REG_X(n)      (CORE_REG(regs.regs[0]) + 2ull * (n)) /* numbered in words of 32 bits */
#define REG_PC        CORE_REG(regs.pc)
#define REG_PSTATE    CORE_REG(regs.pstate)
#define REG_SCTLR_EL1 ARM64_SYS_REG(3, 0, 1, 0, 0)

#define SCTLR_EE (UINT64_C(1) << 25)
#define CPSR_E   (UINT64_C(1) << 9)
#define CPSR_T   (UINT64_C(1) << 5)

static int kvm_do(int fd, unsigned long request, const void *argument)
{
    return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

/* ---- The VM ------------------------------------------------------------------------------- */

/*
 * The SMCCC filter of Linux 6.4 (Documentation/virt/kvm/devices/vm.rst). The headers of older
 * kernels, with which this builds too, lack it.
 */
enum {
    SMCCC_CTRL = 0,   /* the group of attributes */
    SMCCC_FILTER = 0, /* the attribute */
    SMCCC_DENY = 1,
    SMCCC_FORWARD = 2
};

struct smccc_filter {
    uint32_t base;
    uint32_t count;
    uint8_t action;
    uint8_t pad[15];
};

bool vpsci_kvm_can_forward(int vm_fd)
{
    const struct kvm_device_attr attr = {.group = SMCCC_CTRL, .attr = SMCCC_FILTER};

    return kvm_do(vm_fd, KVM_HAS_DEVICE_ATTR, &attr) == 0;
}

int vpsci_kvm_forward(int vm_fd)
{
    static const struct smccc_filter filters[] = {
        {.base = VPSCI_FID_32, .count = VPSCI_FID_COUNT, .action = SMCCC_FORWARD},
        {.base = VPSCI_FID_64, .count = VPSCI_FID_COUNT, .action = SMCCC_FORWARD},
        {.base = VPSCI_FID_0_1_KVM, .count = VPSCI_ID_0_1_COUNT, .action = SMCCC_DENY},
    };
    int error = 0;

    for (unsigned i = 0; i < sizeof(filters) / sizeof(filters[0]) && error == 0; i++) {
        const struct kvm_device_attr attr = {
            .group = SMCCC_CTRL,
            .attr = SMCCC_FILTER,
            .addr = (uintptr_t)&filters[i],
        };
        error = kvm_do(vm_fd, KVM_SET_DEVICE_ATTR, &attr);
    }
    return error;
}

/* ---- Registers ---------------------------------------------------------------------------- */

int vpsci_kvm_get(const struct vpsci_kvm_vcpu *cpu, uint64_t id, uint64_t *value)
{
    const struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)value};

    return kvm_do(cpu->fd, KVM_GET_ONE_REG, &reg);
}

int vpsci_kvm_set(const struct vpsci_kvm_vcpu *cpu, uint64_t id, uint64_t value)
{
    const struct kvm_one_reg reg = {.id = id, .addr = (uintptr_t)&value};

    return kvm_do(cpu->fd, KVM_SET_ONE_REG, &reg);
}

static int reg_set_bits(const struct vpsci_kvm_vcpu *cpu, uint64_t id, uint64_t bits)
{
    uint64_t value = 0;
    int error = bits != 0 ? vpsci_kvm_get(cpu, id, &value) : 0;

    return error != 0 || bits == 0 ? error : vpsci_kvm_set(cpu, id, value | bits);
}

int vpsci_kvm_read_x(const struct vpsci_kvm_vcpu *cpu, unsigned first, unsigned end, uint64_t *x)
{
    int error = 0;

    for (unsigned i = first; i < end && error == 0; i++) {
        error = vpsci_kvm_get(cpu, REG_X(i), &x[i - first]);
    }
    return error;
}

int vpsci_kvm_answer(const struct vpsci_kvm_vcpu *cpu, uint64_t x0)
{
    return vpsci_kvm_set(cpu, REG_X(0), x0);
}

bool vpsci_kvm_is_aarch32(const struct vpsci_kvm_vcpu *cpu)
{
    return (cpu->init->features[0] >> KVM_ARM_VCPU_EL1_32BIT & 1) != 0;
}

int vpsci_kvm_read_endianness(const struct vpsci_kvm_vcpu *cpu, bool *big_endian)
{
    bool aarch32 = vpsci_kvm_is_aarch32(cpu);
    uint64_t value = 0;
    int error = vpsci_kvm_get(cpu, aarch32 ? REG_PSTATE : REG_SCTLR_EL1, &value);

    *big_endian = (value & (aarch32 ? CPSR_E : SCTLR_EE)) != 0;
    return error;
}

/* ---- State -------------------------------------------------------------------------------- */

int vpsci_kvm_mp_state_set(struct vpsci_kvm_vcpu *cpu, enum vpsci_mp_state state)
{
    const struct kvm_mp_state wanted = {.mp_state = (uint32_t)state};
    int error = kvm_do(cpu->fd, KVM_SET_MP_STATE, &wanted);

    if (error == 0) {
        cpu->mp_state = wanted.mp_state;
    }
    return error;
}

int vpsci_kvm_reset(struct vpsci_kvm_vcpu *cpu, enum vpsci_mp_state state)
{
    bool off = (cpu->init->features[0] >> KVM_ARM_VCPU_POWER_OFF & 1) != 0;
    int error = kvm_do(cpu->fd, KVM_ARM_VCPU_INIT, cpu->init);

    if (error != 0) {
        return error;
    }
    cpu->mp_state = off ? VPSCI_MP_STOPPED : VPSCI_MP_RUNNABLE;
    return cpu->mp_state == (uint32_t)state ? 0 : vpsci_kvm_mp_state_set(cpu, state);
}

/* KVM_ARM_VCPU_INIT makes the vCPU little-endian, and a vCPU in AArch32 state starts in A32. */
int vpsci_kvm_start(struct vpsci_kvm_vcpu *cpu, const struct vpsci_entry *entry)
{
    int error = vpsci_kvm_set(cpu, REG_PC, entry->address.value);

    if (error == 0) {
        error = vpsci_kvm_answer(cpu, entry->context);
    }
    if (error != 0) {
        return error;
    }
    if (entry->aarch32) {
        return reg_set_bits(cpu, REG_PSTATE,
                            (entry->thumb ? CPSR_T : 0) | (entry->big_endian ? CPSR_E : 0));
    }
    return reg_set_bits(cpu, REG_SCTLR_EL1, entry->big_endian ? SCTLR_EE : 0);
}

/* A comparison is written before its control: a timer must not be on with an old comparison. */
static const uint64_t timer_registers[VPSCI_KVM_TIMER_COUNT] = {
    [VPSCI_KVM_TIMER_VIRTUAL] = KVM_REG_ARM_TIMER_CVAL,
    [VPSCI_KVM_TIMER_PHYSICAL] = KVM_REG_ARM_PTIMER_CVAL,
    [VPSCI_KVM_TIMER_VIRTUAL_CONTROL] = KVM_REG_ARM_TIMER_CTL,
    [VPSCI_KVM_TIMER_PHYSICAL_CONTROL] = KVM_REG_ARM_PTIMER_CTL,
};

int vpsci_kvm_timers_save(const struct vpsci_kvm_vcpu *cpu, struct vpsci_kvm_timers *timers)
{
    int error = 0;

    for (unsigned i = 0; i < VPSCI_KVM_TIMER_COUNT && error == 0; i++) {
        error = vpsci_kvm_get(cpu, timer_registers[i], &timers->value[i]);
    }
    return error;
}

int vpsci_kvm_timers_restore(const struct vpsci_kvm_vcpu *cpu,
                             const struct vpsci_kvm_timers *timers)
{
    int error = 0;

    for (unsigned i = 0; i < VPSCI_KVM_TIMER_COUNT && error == 0; i++) {
        error = vpsci_kvm_set(cpu, timer_registers[i], timers->value[i]);
    }
    return error;
}

/* ---- Kicks -------------------------------------------------------------------------------- */

/* Pairs with KVM's own read at the start of KVM_RUN; the caller's signal orders the two. */
void vpsci_kvm_kick(struct vpsci_kvm_vcpu *cpu)
{
    __atomic_store_n(&cpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

/* An exchange, not a store: the caller looks afterwards at what the kick was for, in any memory order. */
void vpsci_kvm_unkick(struct vpsci_kvm_vcpu *cpu)
{
    (void)__atomic_exchange_n(&cpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
}
