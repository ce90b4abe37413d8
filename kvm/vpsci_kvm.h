/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * libvpsci on Linux KVM for arm64: PSCI calls come to user space, and what the library says of a vCPU is done in KVM.
 *
 * Three files, to link or to copy: this one, vpsci_kvm.c and vpsci_kvm_run.c. They need <linux/kvm.h>, ioctl() and libvpsci, allocate
 * nothing, start no thread and print nothing. docs/psci-in-user-space.md tells why each step is as it is; a thread of a
 * vCPU is this:
 *
 *     while (vpsci_system_state(vm) != VPSCI_SYSTEM_STOPPED) {
 *         int ran = vpsci_kvm_run(&cpu);               // < 0: it failed; 0: it was kicked
 *         if (ran <= 0) { ... continue; }
 *         int psci = vpsci_kvm_exit(&cpu, &out);       // < 0: it failed; 0: the exit is not PSCI's
 *         if (psci <= 0) { ... a device ... continue; }
 *         if (out.start)           { ... kick that vCPU ... }
 *         if (out.request.pending) { ... decide, now or later: vpsci_answer(), then kick ... }
 *     }
 *
 * These two are made of the functions above them, which a monitor with a loop of its own calls instead.
 *
 * To kick a vCPU, after something has changed for it: vpsci_kvm_kick(), then a signal to its thread, with a handler
 * that does nothing, and without SA_RESTART.
 *
 * Functions that return int return 0 or -errno, unless they say otherwise. All but vpsci_kvm_kick() are for the vCPU's
 * thread, or for one that has stopped that thread.
 */
#ifndef VPSCI_KVM_H
#define VPSCI_KVM_H

#include <stdbool.h>
#include <stdint.h>

#include <vpsci/vpsci.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kvm_run;
struct kvm_vcpu_init;

/** A vCPU as KVM has it. The monitor sets all but the last field, and then calls vpsci_kvm_reset(). */
struct vpsci_kvm_vcpu {
    int fd;              /**< of KVM_CREATE_VCPU */
    struct kvm_run *run; /**< mapped from it */
    /** What KVM_ARM_VCPU_INIT gets each time: KVM_ARM_PREFERRED_TARGET and the monitor's features, KVM_ARM_VCPU_PSCI_0_2
     *  among them. It must not change: Linux 6.1 refuses features other than the first ones, KVM_ARM_VCPU_POWER_OFF
     *  included. */
    const struct kvm_vcpu_init *init;
    struct vpsci_vm *vm;     /**< for vpsci_kvm_run() and vpsci_kvm_exit(), as the next field is */
    struct vpsci_vcpu *vcpu; /**< the same vCPU, as the library has it */
    uint32_t mp_state;       /**< that KVM has: what these functions set last */
};

/* ---- The VM ------------------------------------------------------------------------------- */

/** Whether vpsci_kvm_forward() works: Linux 6.4 has it. */
bool vpsci_kvm_can_forward(int vm_fd);

/**
 * Makes the guest's PSCI calls, by HVC and by SMC, leave it as KVM_EXIT_HYPERCALL. KVM answers none of them any more,
 * and refuses those of PSCI 0.1. -EBUSY: a vCPU has run.
 */
int vpsci_kvm_forward(int vm_fd);

/* ---- A vCPU's state ----------------------------------------------------------------------- */

/**
 * KVM_ARM_VCPU_INIT, and the MP state. Timers are off afterwards. KVM_ARM_VCPU_FINALIZE is called once, after the first
 * of these, and not again. KVM does not forget an access in flight: complete it before (vpsci_kvm_kick(), and KVM_RUN until
 * it returns -EINTR), or the first KVM_RUN afterwards completes it on the new registers.
 */
int vpsci_kvm_reset(struct vpsci_kvm_vcpu *cpu, enum vpsci_mp_state state);

int vpsci_kvm_mp_state_set(struct vpsci_kvm_vcpu *cpu, enum vpsci_mp_state state);

/** Sets PC, x0 and the endianness, of a vCPU that has been reset. */
int vpsci_kvm_start(struct vpsci_kvm_vcpu *cpu, const struct vpsci_entry *entry);

/** The registers of a guest's timers. Their counters never stop. */
enum vpsci_kvm_timer {
    VPSCI_KVM_TIMER_VIRTUAL, /**< what the timer compares its counter with */
    VPSCI_KVM_TIMER_PHYSICAL,
    VPSCI_KVM_TIMER_VIRTUAL_CONTROL,
    VPSCI_KVM_TIMER_PHYSICAL_CONTROL,
    VPSCI_KVM_TIMER_COUNT
};

struct vpsci_kvm_timers {
    uint64_t value[VPSCI_KVM_TIMER_COUNT];
};

/** Reads them, and writes them in an order in which none fires for an old comparison. */
int vpsci_kvm_timers_save(const struct vpsci_kvm_vcpu *cpu, struct vpsci_kvm_timers *timers);
int vpsci_kvm_timers_restore(const struct vpsci_kvm_vcpu *cpu,
                             const struct vpsci_kvm_timers *timers);

/**
 * Does what an outcome of vpsci_next() or vpsci_call() says of this vCPU: writes the result, or resets the vCPU and
 * starts it at its entry point, with the timers that `ended` says; and sets the MP state. The vCPU then runs or waits in
 * KVM_RUN. `start` and `request` are the monitor's to look at.
 */
int vpsci_kvm_apply(struct vpsci_kvm_vcpu *cpu, const struct vpsci_outcome *out);

/* ---- A call ------------------------------------------------------------------------------- */

/**
 * Reads the call of the function ID `function` (run->hypercall.nr) from the guest's registers, and only as many of them
 * as vpsci_describe_function() names: each costs a system call.
 */
int vpsci_kvm_read_call(const struct vpsci_kvm_vcpu *cpu, const struct vpsci_vm *vm,
                        uint32_t function, struct vpsci_guest_call *call);

/** Writes the result of a call, x0. */
int vpsci_kvm_answer(const struct vpsci_kvm_vcpu *cpu, uint64_t x0);

/** Reads x0 to x3 from `first` on up to but not including `end`, into x[0] and on. */
int vpsci_kvm_read_x(const struct vpsci_kvm_vcpu *cpu, unsigned first, unsigned end, uint64_t *x);

/** Whether the vCPU's EL1, which makes the calls, is in AArch32 state: KVM_ARM_VCPU_EL1_32BIT. */
bool vpsci_kvm_is_aarch32(const struct vpsci_kvm_vcpu *cpu);

/** Whether the guest's data accesses are big-endian: SCTLR_EL1.EE, or CPSR.E in AArch32 state. */
int vpsci_kvm_read_endianness(const struct vpsci_kvm_vcpu *cpu, bool *big_endian);

/** A register as KVM_GET_ONE_REG names it. */
int vpsci_kvm_get(const struct vpsci_kvm_vcpu *cpu, uint64_t id, uint64_t *value);
int vpsci_kvm_set(const struct vpsci_kvm_vcpu *cpu, uint64_t id, uint64_t value);

/* ---- Running ------------------------------------------------------------------------------ */

/**
 * Until vpsci_kvm_unkick() every KVM_RUN of the vCPU completes an access in flight and returns -EINTR. A vCPU that is in
 * the guest leaves it when its thread gets a signal, which the caller sends afterwards. Any thread.
 */
void vpsci_kvm_kick(struct vpsci_kvm_vcpu *cpu);
/** After KVM_RUN has returned -EINTR, and before anything is looked at that a kick may be for. */
void vpsci_kvm_unkick(struct vpsci_kvm_vcpu *cpu);

/**
 * One turn: does what vpsci_next() says, and then runs the guest or waits, in KVM_RUN. Returns 1 after an exit, which
 * run->exit_reason names; 0 after a kick or another signal, when that field may be of an earlier exit; or -errno. No kick is
 * lost, whatever it is for, if the thread looks at that between two turns. Requests that were undecided when the VM was
 * saved are not shown: ask vpsci_pending_request() after vpsci_restore().
 */
int vpsci_kvm_run(struct vpsci_kvm_vcpu *cpu);

/**
 * Deals with an exit if it is a forwarded call, or the end of a wait. Returns 1 if so; 0 if the exit is something else;
 * or -errno. *out is the call's outcome (of a wait's end: VPSCI_RUN), and the next vpsci_kvm_run() does what it says. A
 * VPSCI_FOREIGN call has NOT_SUPPORTED as its result, unless the monitor calls vpsci_kvm_answer().
 */
int vpsci_kvm_exit(struct vpsci_kvm_vcpu *cpu, struct vpsci_outcome *out);

#ifdef __cplusplus
}
#endif
#endif
