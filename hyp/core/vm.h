/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMs, as their description says, and what hyp keeps for each. Static: the number of VMs, their
 * cores, memory, devices and interrupts never change after start, and nothing is allocated.
 */
#ifndef HYP_VM_H
#define HYP_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "vpsci/vpsci.h"

#include "arch.h"
#include "pl031.h"
#include "system.h"
#include "vgic.h"

enum {
    VM_MAX = 4,
    CORE_MAX = 16, /* of the machine, and so of all VMs together */
    VM_REGION_MAX = 12,
    VM_MODULE_MAX = 4,
    VM_EMULATED_MAX = 4,
    VM_STATE_MAX = 8, /* entries of its table of power states */
};

/* A range of guest addresses that stage 2 maps. */
struct vm_region {
    uint64_t ipa;
    uint64_t pa;
    uint64_t size; /* RAM: a multiple of 2 MiB; devices: of 4 KiB */
    bool is_device;
};

/* What is copied into a VM's RAM at its start, and again at each reset. */
struct vm_module {
    uint64_t pa; /* the copy that stays */
    uint64_t size;
    uint64_t ipa;
    uint64_t room; /* at `ipa`: bytes from `size` to here are zeros, such as a kernel's BSS */
};

/* A device that hyp emulates, as the description has it. */
enum vm_device_kind { VM_DEVICE_PL031 };

struct vm_device {
    enum vm_device_kind kind;
    unsigned intid;
    uint64_t ipa;
};

/* Of vcpu.workarounds: the guest has turned this one of the firmware's off. calls.h has the others. */
#define VCPU_WORKAROUND_2 UINT32_C(0x80007fff)
#define VCPU_UNPROTECTED  (UINT32_C(1) << 30)

/* What answers a request to suspend, turn off or reset the VM. */
enum vm_policy {
    VM_POLICY_HONOUR,
    VM_POLICY_REFUSE, /* SYSTEM_SUSPEND: DENIED */
    VM_POLICY_CONTROL /* the control VM is told, and answers (events.h) */
};

/* A vCPU; only its own core touches it, but for what is said to be shared. */
struct vcpu {
    struct arch_frame frame; /* first: arch_run() is given it */
    struct vm *vm;
    struct vpsci_vcpu *psci;
    unsigned index;       /* in its VM */
    unsigned core;        /* its physical core */
    uint64_t mpidr;       /* what the guest reads: affinity fields only */
    uint32_t workarounds; /* calls.h: what the firmware answers for this core */
    struct vgic_vcpu gic;
    struct system_vcpu system;
};

struct vm {
    char name[16];
    unsigned index;
    unsigned vcpu_count;
    struct vcpu *vcpus;
    unsigned region_count;
    struct vm_region regions[VM_REGION_MAX]; /* the first one is its RAM */
    unsigned module_count;
    struct vm_module modules[VM_MODULE_MAX];
    uint64_t entry;    /* of its boot vCPU */
    uint64_t argument; /* x0 there: the device tree's address */
    enum vm_policy suspend_policy;
    bool is_held;           /* does not start by itself: the control VM starts it */
    bool is_control;        /* may call control.h's functions, and is told by this interrupt: */
    unsigned control_intid; /* 0: none */
    uint64_t stage2_root;
    struct vpsci_vm *psci;
    struct vpsci_config psci_config; /* as described; all optional functions are off unless named */
    struct vpsci_power_state states[VM_STATE_MAX];
    uint16_t clusters[CORE_MAX]; /* psci_config.domains[0], if there are clusters */
    struct vgic_vm gic;
    unsigned device_count; /* of those that hyp emulates */
    struct vm_device devices[VM_EMULATED_MAX];
    struct pl031 clocks[VM_EMULATED_MAX]; /* of `devices`, in the same order */
    struct arch_lock lock; /* of `system`, and of the library's calls for a vCPU of another core */
    struct system_vm system;
};

extern struct vm vms[VM_MAX];
extern unsigned vm_count;
extern struct vcpu vcpus[CORE_MAX]; /* those of a VM together, in the order of the VMs */

/* The vCPU of a physical core, or NULL if no VM has it. */
struct vcpu *vcpu_of_core(unsigned core);

#endif
