/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs, their registers and their timers. */
#include "fake_kvm.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

enum { FD_VM = 1000, FD_GIC, FD_ITS, FD_VCPU };

#define MIDR  ARM64_SYS_REG(3, 0, 0, 0, 0)
#define MPIDR ARM64_SYS_REG(3, 0, 0, 0, 5)
#define CORE_PC                                                                                    \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc))
#define ENABLED    1u
#define MASKED     2u
#define SGIS_ON    0xffffu /* KVM enables them in a new redistributor */
#define ISENABLER0 (0x10100 / 4)

struct fake_kvm *fake_kvm;

void fake_create(struct fake_kvm *kvm, struct memory *memory)
{
    memset(kvm, 0, sizeof(*kvm));
    kvm->vm = (struct vm){.fd = FD_VM, .gic_fd = FD_GIC, .its_fd = FD_ITS};
    kvm->vm.target.features[0] = 1u << KVM_ARM_VCPU_PSCI_0_2 | 1u << KVM_ARM_VCPU_POWER_OFF;
    kvm->memory = memory;
    kvm->counter[FAKE_VIRTUAL] = 5000;
    kvm->counter[FAKE_PHYSICAL] = 900000;
    for (unsigned i = 0; i < FAKE_CPUS; i++) {
        kvm->vcpus[i] = (struct vcpu){
            .vm = &kvm->vm,
            .kvm = {.fd = FD_VCPU + (int)i, .init = &kvm->vm.target},
            .index = i,
        };
        kvm->cpu[i].mp_state = KVM_MP_STATE_STOPPED;
        kvm->cpu[i].gicr[ISENABLER0] = SGIS_ON;
    }
    kvm->gicd[0x0008 / 4] = 0x4b00243b;
    kvm->registers[kvm->register_count++] = (struct fake_register){MIDR, 0x410fd0c0, 0};
    fake_kvm = kvm;
}

static bool timer_is_on(const struct fake_vcpu *cpu, enum fake_timer timer)
{
    return (cpu->control[timer] & (ENABLED | MASKED)) == ENABLED;
}

/* A timer that is on and due raises its interrupt, which may be taken before anything else is written. */
static void timer_look(struct fake_kvm *kvm, struct fake_vcpu *cpu, enum fake_timer timer)
{
    if (timer_is_on(cpu, timer) && cpu->compare[timer] <= kvm->counter[timer]) {
        cpu->fired[timer] = true;
    }
}

bool fake_timer_line(const struct fake_kvm *kvm, unsigned vcpu, unsigned intid)
{
    enum fake_timer timer = intid == MAP_INTID_VTIMER ? FAKE_VIRTUAL : FAKE_PHYSICAL;

    if (intid != MAP_INTID_VTIMER && intid != MAP_INTID_PTIMER) {
        return false;
    }
    return kvm->cpu[vcpu].fired[timer];
}

/* Where a timer's register is; NULL: it is another register. */
static uint64_t *timer_register(struct fake_kvm *kvm, struct fake_vcpu *cpu, uint64_t id)
{
    switch (id) {
    case KVM_REG_ARM_TIMER_CNT:
        return &kvm->counter[FAKE_VIRTUAL];
    case KVM_REG_ARM_TIMER_CVAL:
        return &cpu->compare[FAKE_VIRTUAL];
    case KVM_REG_ARM_TIMER_CTL:
        return &cpu->control[FAKE_VIRTUAL];
    case KVM_REG_ARM_PTIMER_CNT:
        return kvm->hides_physical ? NULL : &kvm->counter[FAKE_PHYSICAL];
    case KVM_REG_ARM_PTIMER_CVAL:
        return kvm->hides_physical ? NULL : &cpu->compare[FAKE_PHYSICAL];
    case KVM_REG_ARM_PTIMER_CTL:
        return kvm->hides_physical ? NULL : &cpu->control[FAKE_PHYSICAL];
    default:
        return NULL;
    }
}

static struct fake_register *find_register(struct fake_kvm *kvm, uint64_t id)
{
    for (unsigned i = 0; i < kvm->register_count; i++) {
        if (kvm->registers[i].id == id) {
            return &kvm->registers[i];
        }
    }
    return NULL;
}

static int get_register(struct fake_kvm *kvm, unsigned vcpu, uint64_t id, uint64_t *value)
{
    const uint64_t *timer = timer_register(kvm, &kvm->cpu[vcpu], id);
    const struct fake_register *listed = find_register(kvm, id);

    if (id == MPIDR) {
        *value = UINT64_C(1) << 31 | map_mpidr(vcpu);
    } else if (timer != NULL) {
        *value = *timer;
    } else if (listed != NULL) {
        *value = listed->value;
    } else {
        return -ENOENT;
    }
    return 0;
}

/* KVM lets a value be lowered, and not raised. */
static int set_listed(struct fake_register *listed, uint64_t value)
{
    uint64_t changed = listed->value ^ value;

    if ((changed & ~listed->lowers) != 0 || (value & ~listed->value) != 0) {
        return -EINVAL;
    }
    listed->value = value;
    return 0;
}

static int set_register(struct fake_kvm *kvm, unsigned vcpu, uint64_t id, uint64_t value)
{
    struct fake_vcpu *cpu = &kvm->cpu[vcpu];
    uint64_t *timer = timer_register(kvm, cpu, id);
    struct fake_register *listed = find_register(kvm, id);

    if (id == CORE_PC) {
        cpu->pc = value;
        return 0;
    }
    if (listed != NULL) {
        return set_listed(listed, value);
    }
    if (timer == NULL) {
        return -ENOENT;
    }
    if (id == KVM_REG_ARM_PTIMER_CNT) {
        return 0; /* The host's. */
    }
    *timer = value;
    timer_look(kvm, cpu, FAKE_VIRTUAL);
    timer_look(kvm, cpu, FAKE_PHYSICAL);
    return 0;
}

static int list_registers(const struct fake_kvm *kvm, struct kvm_reg_list *list)
{
    if (list->n < kvm->register_count) {
        list->n = kvm->register_count;
        return -E2BIG;
    }
    for (unsigned i = 0; i < kvm->register_count; i++) {
        list->reg[i] = kvm->registers[i].id;
    }
    return 0;
}

static int vcpu_reset(struct fake_vcpu *cpu, const struct kvm_vcpu_init *init)
{
    bool off = (init->features[0] & 1u << KVM_ARM_VCPU_POWER_OFF) != 0;

    for (unsigned i = 0; i < FAKE_TIMERS; i++) {
        cpu->control[i] = 0;
        cpu->fired[i] = false;
    }
    cpu->pc = 0;
    cpu->mp_state = off ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE;
    return 0;
}

static int vcpu_call(struct fake_kvm *kvm, unsigned vcpu, unsigned long request, void *argument)
{
    struct fake_vcpu *cpu = &kvm->cpu[vcpu];
    struct kvm_one_reg *reg = argument;
    struct kvm_mp_state *state = argument;

    switch (request) {
    case KVM_GET_ONE_REG:
        return get_register(kvm, vcpu, reg->id, (uint64_t *)(uintptr_t)reg->addr);
    case KVM_SET_ONE_REG:
        return set_register(kvm, vcpu, reg->id, *(const uint64_t *)(uintptr_t)reg->addr);
    case KVM_GET_REG_LIST:
        return list_registers(kvm, argument);
    case KVM_ARM_VCPU_INIT:
        return vcpu_reset(cpu, argument);
    case KVM_GET_MP_STATE:
        state->mp_state = cpu->mp_state;
        return 0;
    case KVM_SET_MP_STATE:
        cpu->mp_state = state->mp_state;
        return 0;
    default:
        return -ENOTTY;
    }
}

int kvm_call(int fd, unsigned long request, void *argument)
{
    if (fd >= FD_VCPU) {
        return vcpu_call(fake_kvm, (unsigned)(fd - FD_VCPU), request, argument);
    }
    if (request != KVM_GET_DEVICE_ATTR && request != KVM_SET_DEVICE_ATTR) {
        return -ENOTTY;
    }
    return fake_gic_call(fake_kvm, fd == FD_ITS, request == KVM_SET_DEVICE_ATTR, argument);
}

/* In place of the C library's, for kvm/. */
int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;

    va_start(arguments, request);
    int result = kvm_call(fd, request, va_arg(arguments, void *));
    va_end(arguments);
    if (result < 0) {
        errno = -result;
        return -1;
    }
    return result;
}
