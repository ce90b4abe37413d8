/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kvm/ uses of arm64's <asm/kvm.h>, for tests on other processors. The ioctls that get it are the test's own. All
 * else is that of the processor that runs the test.
 */
#ifndef TESTS_ARM64_ASM_KVM_H
#define TESTS_ARM64_ASM_KVM_H

#include_next <asm/kvm.h>

#include <linux/types.h>

struct kvm_vcpu_init {
    __u32 target;
    __u32 features[7];
};

#define KVM_ARM_VCPU_POWER_OFF 0
#define KVM_ARM_VCPU_EL1_32BIT 1
#define KVM_ARM_VCPU_PSCI_0_2  2

struct arm64_regs {
    struct {
        __u64 regs[31];
        __u64 sp;
        __u64 pc;
        __u64 pstate;
    } regs;
};

#define KVM_REG_ARM_CORE           (0x10 << 16)
#define KVM_REG_ARM_CORE_REG(name) (offsetof(struct arm64_regs, name) / sizeof(__u32))
#define ARM64_SYS_REG(o0, o1, n, m, o2)                                                            \
    (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | 0x13ull << 16 | (o0) << 14 | (o1) << 11 | (n) << 7 |       \
     (m) << 3 | (o2))
#define KVM_REG_ARM_PTIMER_CTL  ARM64_SYS_REG(3, 3, 14, 2, 1)
#define KVM_REG_ARM_PTIMER_CVAL ARM64_SYS_REG(3, 3, 14, 2, 2)
#define KVM_REG_ARM_TIMER_CTL   ARM64_SYS_REG(3, 3, 14, 3, 1)
#define KVM_REG_ARM_TIMER_CVAL  ARM64_SYS_REG(3, 3, 14, 0, 2)

#endif
