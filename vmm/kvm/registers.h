/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What KVM knows of a VM whose guest sleeps, as lists of registers. A list that was read from one VM is
 * written to another one, which may be on another host, with another kernel. While a list is read or
 * written every vCPU is out of the guest.
 *
 * KVM_ARM_VCPU_INIT, with which the guest wakes, resets the general, system, floating-point and debug
 * registers of a vCPU. So they are in none of the lists.
 */
#ifndef DORMOUSE_KVM_REGISTERS_H
#define DORMOUSE_KVM_REGISTERS_H

#include <stdint.h>

#include "kvm/kvm.h"
#include "vpsci_kvm.h"

struct kvm_register {
    uint64_t id; /* as its list names it */
    uint64_t value;
};

enum { KVM_REGISTERS_MAX = 1024 };

/** Registers that are zero are left out of the lists of the GIC. */
struct kvm_registers {
    unsigned count;
    struct kvm_register at[KVM_REGISTERS_MAX];
};

/**
 * The parts of a VM, in the order in which they are written (Linux, Documentation/virt/kvm/devices/
 * arm-vgic-v3.rst and arm-vgic-its.rst). Guest memory is written before KVM_PART_ITS, and read after it:
 * KVM keeps the ITS's tables and the pending LPIs there.
 */
enum kvm_part {
    KVM_PART_IDENTITY,      /* what the guest knows of its processor: id as in KVM_GET_ONE_REG */
    KVM_PART_FIRMWARE,      /* KVM's firmware pseudo-registers, the same; without PSCI's version */
    KVM_PART_DISTRIBUTOR,   /* words of the GICD by offset */
    KVM_PART_REDISTRIBUTOR, /* of each vCPU: words of its GICR by offset */
    KVM_PART_INTERFACE,     /* of each vCPU: its ICC registers, by their encoding */
    KVM_PART_LINES,         /* levels of 32 lines, by the INTID of the first; shared ones only */
    KVM_PART_ITS,           /* double words of the ITS by offset; its tables go to guest memory */
};

/** What was wrong, if an error is about one register. */
struct kvm_culprit {
    char name[40];   /* "ID_AA64ISAR0_EL1"; empty: it is about none */
    uint64_t wanted; /* the list's value */
    uint64_t actual; /* the VM's, if it cannot be changed */
};

/** Reads a part of the VM of `vcpu`, and of that vCPU if each has the part. 0 or -errno. */
int vcpu_read_part(struct vcpu *vcpu, enum kvm_part part, struct kvm_registers *list);

/**
 * Writes a part, before any vCPU has run. Registers of the GIC that the list does not have become zero.
 * Returns 0, or -errno with the culprit: -EDOM, this host does not have that value; -ENOENT, it does not
 * have that register.
 */
int vcpu_write_part(struct vcpu *vcpu, enum kvm_part part, const struct kvm_registers *list,
                    struct kvm_culprit *culprit);

/** The timers of a vCPU and the counters at one moment. */
struct vcpu_clock {
    uint64_t frequency; /* CNTFRQ */
    uint64_t counter;   /* the virtual one */
    uint64_t physical;
    struct vpsci_kvm_timers timers;
};

/** How many ticks the counter makes in a second, on this host. */
uint64_t kvm_counter_frequency(void);

/**
 * 0 or -errno; -ENOENT: the guest uses its physical timer, which KVM does not show before Linux 6.4. One
 * that is not used is off in *clock.
 */
int vcpu_read_clock(struct vcpu *vcpu, struct vcpu_clock *clock);
/**
 * Sets the virtual counter of the VM to `ahead` ticks after the clock's, and the vCPU's timers so that each
 * fires as far from now as it would have then, less `ahead`. The physical counter is the host's. 0 or
 * -errno; -ENOENT: the physical timer is to fire, and this KVM cannot set it.
 */
int vcpu_write_clock(struct vcpu *vcpu, const struct vcpu_clock *clock, uint64_t ahead);

#endif
