/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * KVM, as the machine sees it. The files of this folder are the only ones that know its ioctls, its
 * structures and its register names.
 *
 * Threads: a `struct vm` is the main thread's, but for vm_irq(), vm_pulse() and vm_set_rom(), which
 * any may call. A `struct vcpu` belongs to the thread that calls vcpu_run(); any other may use it only while that one is
 * out of vcpu_run(), and vcpu_kick() at any time.
 *
 * Functions that return int return 0 or -errno unless they say otherwise.
 */
#ifndef DORMOUSE_KVM_KVM_H
#define DORMOUSE_KVM_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ipa.h"
#include "core/memory.h"
#include "power/power.h"

struct vm;
struct vcpu;
struct vpsci_kvm_vcpu;

/** What this host's KVM offers. */
struct kvm_limits {
    unsigned cpu_count;
    unsigned ipa_bits;
    bool system_suspend; /* KVM_CAP_ARM_SYSTEM_SUSPEND, Linux 5.19 */
};

/**
 * Opens /dev/kvm and reads its limits. Returns the descriptor; or -1 and the reason, a sentence
 * without a full stop.
 */
int kvm_open(struct kvm_limits *limits, char *reason, size_t size);

/** Whether vm_forward_psci() works (KVM_ARM_VM_SMCCC_FILTER, Linux 6.4). Makes a VM to find out. */
bool kvm_can_forward_psci(int kvm, const struct kvm_limits *limits);

/** A VM with no memory, vCPUs or interrupt controller yet; NULL with errno set. */
struct vm *vm_create(int kvm, unsigned ipa_bits);
/** Takes the VM down. Its vCPUs must have been destroyed. NULL is ignored. */
void vm_destroy(struct vm *vm);
int vm_add_memory(struct vm *vm, const struct memory *memory);
/**
 * Puts read-only memory at `base`, where the guest's writes leave it as VCPU_EXIT_WRITE; a size of 0
 * takes it away. After it returns no vCPU reads what was there before. Any thread, one at a time for
 * each number.
 */
int vm_set_rom(struct vm *vm, unsigned number, struct ipa base, uint64_t size, const void *host);
int vm_enable_system_suspend(struct vm *vm);
/**
 * Makes PSCI calls, by HVC and by SMC, leave the guest as VCPU_EXIT_CALL; KVM does not answer them
 * any more, and refuses those of PSCI 0.1. Before any vCPU runs.
 */
int vm_forward_psci(struct vm *vm);

/**
 * Creates the GICv3 and its ITS, after all vCPUs have been created and initialised. Redistributors
 * beyond MAP_GICR_COUNT are at `gicr2`. -ENODEV: this host's KVM has no GICv3.
 */
int vm_create_gic(struct vm *vm, unsigned cpu_count, struct ipa gicr2);

/** Sets the level of a shared peripheral interrupt. Any thread. */
int vm_irq(struct vm *vm, uint32_t spi, bool level);

/**
 * Prepares pulses of an edge-triggered SPI, after vm_create_gic(). vm_pulse() sends one; any thread;
 * an SPI that was not prepared gets none.
 */
int vm_add_pulse(struct vm *vm, uint32_t spi);
void vm_pulse(const struct vm *vm, uint32_t spi);
/** The eventfd to which a write of 1 is such a pulse, for a thread of the kernel; or -1. */
int vm_pulse_fd(const struct vm *vm, uint32_t spi);

/**
 * Lets KVM turn a guest's write of `value`, of `size` bytes, at `address` into a write to the
 * eventfd, so that the vCPU continues at once.
 */
int vm_add_doorbell(struct vm *vm, struct ipa address, unsigned size, uint64_t value, int fd);

/**
 * Creates vCPU `index`: an open file, and one more after vcpu_count_hypercalls(). Its registers are
 * not there before vcpu_init(). NULL with errno set.
 */
struct vcpu *vcpu_create(struct vm *vm, unsigned index);
void vcpu_destroy(struct vcpu *vcpu);

/** Resets the vCPU, off (waiting for CPU_ON) or able to run. Timers are off afterwards. */
int vcpu_init(struct vcpu *vcpu, bool off);

/**
 * The VM's PSCI version, major << 16 | minor, through any initialised vCPU. -EINVAL: KVM does not
 * know the version that is set.
 */
int vcpu_get_psci_version(struct vcpu *vcpu, uint32_t *version);
int vcpu_set_psci_version(struct vcpu *vcpu, uint32_t version);

/** Affinity fields of the MPIDR that the guest reads. */
int vcpu_get_mpidr(struct vcpu *vcpu, uint64_t *mpidr);

/** Puts the vCPU at `pc` with x0, little-endian unless told otherwise, after vcpu_init(). */
int vcpu_set_entry(struct vcpu *vcpu, struct ipa pc, uint64_t x0, bool big_endian);

enum vcpu_exit_kind {
    VCPU_EXIT_KICKED, /* vcpu_kick() or a signal, or no reason at all: run the vCPU again */
    VCPU_EXIT_READ, /* the guest loads from an address without memory; vcpu_finish_read() follows */
    VCPU_EXIT_WRITE,  /* the guest stores to an address without memory */
    VCPU_EXIT_OPAQUE, /* the same by an instruction that the hardware does not decode */
    VCPU_EXIT_CALL,   /* the guest calls PSCI, after vm_forward_psci() */
    VCPU_EXIT_POWER,
    VCPU_EXIT_FAILED, /* KVM cannot continue; vcpu_describe_failure() says why */
};

struct vcpu_exit {
    enum vcpu_exit_kind kind;
    struct ipa address; /* READ, WRITE */
    unsigned size;
    uint64_t value;         /* WRITE */
    enum power_exit power;  /* POWER */
    struct power_call call; /* POWER: its arguments, which the PSCI backend reads */
    uint32_t function;      /* CALL: w0 */
    uint32_t reason;        /* FAILED: KVM's exit reason */
    int error;              /* FAILED: the errno of KVM_RUN, or 0 */
};

/**
 * Runs the guest until its next exit. The next call completes an access to an address without
 * memory.
 */
void vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit);
void vcpu_finish_read(struct vcpu *vcpu, uint64_t value, unsigned size);
/**
 * Ends the guest's opaque access in an external abort, as a bus does for an address without device.
 */
int vcpu_abort_access(struct vcpu *vcpu);

/**
 * Until vcpu_unkick() every vcpu_run() completes an access in flight and returns VCPU_EXIT_KICKED.
 * A vCPU that is in the guest leaves it when its thread gets a signal, which the caller sends. The
 * mark is set first and stays, so the signal may arrive at any moment.
 */
void vcpu_kick(struct vcpu *vcpu);
void vcpu_unkick(struct vcpu *vcpu);

/** One line about a VCPU_EXIT_FAILED: KVM's reason and the guest's PC. */
void vcpu_describe_failure(struct vcpu *vcpu, const struct vcpu_exit *exit, char *text,
                           size_t size);

/** Power, in KVM's words: MP states. */
int vcpu_is_off(struct vcpu *vcpu); /* 1, 0 or -errno */
int vcpu_doze(struct vcpu *vcpu);   /* KVM_MP_STATE_SUSPENDED */

/**
 * The vCPU as libvpsci's layer for KVM has it, for the backend that answers PSCI. That layer reads a call that left the
 * guest by VCPU_EXIT_CALL, and does what libvpsci says.
 */
struct vpsci_kvm_vcpu *vcpu_psci(struct vcpu *vcpu);

/** Calls of KVM's own PSCI that wait for an answer. */
int vcpu_suspend_call(struct vcpu *vcpu, struct suspend_call *call);
int vcpu_answer(struct vcpu *vcpu, int64_t result);
int vcpu_call_arguments(struct vcpu *vcpu, uint64_t *first, uint64_t *second);

/** The interrupt that would wake a dozing vCPU, or -1 if none is found. All vCPUs are paused. */
int vcpu_pending_intid(struct vcpu *vcpu);

/**
 * How often the vCPU has made a hypercall since vcpu_create(). It is read without stopping the
 * vCPU, after vcpu_count_hypercalls(). 0 if KVM does not count (before Linux 5.14).
 */
void vcpu_count_hypercalls(struct vcpu *vcpu);
uint64_t vcpu_hypercall_count(struct vcpu *vcpu);

#endif
