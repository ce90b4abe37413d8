/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's GICv3 (Arm IHI0069). Its CPU interface is the hardware's, by list registers. Accesses
 * to the distributor and to redistributors trap; they are checked against the VM's interrupts and
 * carried out on the hardware's registers, so that the hardware keeps enables, priorities, routes
 * and pending states, also of interrupts that only hyp raises (vgic_raise()).
 *
 * Every physical interrupt of a VM comes to EL2 at the core it is routed to. hyp acknowledges it,
 * and gives it to the guest by a list register. SGIs of guests are physical SGIs of the same
 * number. hyp's own kick is a PPI that no device uses, made pending by software.
 */
#ifndef HYP_VGIC_H
#define HYP_VGIC_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"

enum { VGIC_INTID_COUNT = 1020, VGIC_WORDS = 32, VGIC_PARKED_MAX = 32 };

struct vm;
struct vcpu;

struct vgic_vm {
    uint32_t owned[VGIC_WORDS]; /* a bit for each SPI of the VM, by INTID */
    uint32_t ctlr;              /* GICD_CTLR as this guest wrote it; shared by its cores */
};

/* What other cores ask of a vCPU's own core, which alone can change its list registers. */
enum vgic_request {
    VGIC_DROP,   /* forget that it is pending */
    VGIC_RETURN, /* give a pending interrupt back to the hardware, which signals it again */
    VGIC_END,    /* it is not active any more */
    VGIC_REQUEST_COUNT
};

struct vgic_vcpu {
    /* Interrupts that arrived for this vCPU and are in no list register, a bit for each INTID. */
    uint32_t waiting[VGIC_WORDS];
    uint32_t waiting_words; /* a bit for each word of `waiting` that is not 0 */
    uint32_t timers_due;    /* a bit, by INTID: the timer was due when its interrupt was taken */
    uint32_t waker;         /* GICR_WAKER as the guest wrote it */
    /* Active interrupts that had to leave their list registers, the most urgent last. */
    uint16_t parked[VGIC_PARKED_MAX];
    unsigned parked_count;
    /* Shared: a bit for each INTID. Its own core has done all requests if both counts are equal. */
    uint32_t requests[VGIC_REQUEST_COUNT][VGIC_WORDS];
    uint32_t asked;
    uint32_t served;
};

/* The state after a reset of the machine, for the VM's own interrupts only. All its vCPUs are
 * stopped. Any core of the VM. */
void vgic_reset_vm(struct vm *vm);
/* The state of a core that starts, or that wakes from a powerdown: its CPU interface is off, no
 * interrupt is active, and what is pending stays so. Owner. */
void vgic_reset_vcpu(struct vcpu *vcpu);

/* Takes the physical interrupts that are pending at this core, a limited number of them: its vCPU's
 * into `waiting`; hyp's own kick, timer and maintenance are ended, and the timer is turned off.
 * Does what other cores have asked. Owner. */
void vgic_take(struct vcpu *vcpu);
/* Fills list registers from `waiting`, the most urgent first. Owner; before arch_run(). */
void vgic_fill(struct vcpu *vcpu);
/* Whether an interrupt would be signalled to the vCPU if it ran with PSTATE.I clear: its group is
 * enabled, and its priority is higher than the guest's ICC_PMR_EL1 and than that of the active
 * interrupts. If GICR_WAKER says that the core sleeps: whether any interrupt is pending, as the CPU
 * interface is off then (IHI0069, 11.1: WakeRequest). Owner; after vgic_take(). */
bool vgic_is_pending(struct vcpu *vcpu);

/* An access at this offset of the distributor, or of the VM's redistributors, which are in the
 * order of its vCPUs. Returns false if there is no such redistributor, or no register of this
 * size at any such offset (the guest gets an external abort). */
bool vgic_distributor_read(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t *value);
bool vgic_distributor_write(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t value);
bool vgic_redistributor_read(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t *value);
bool vgic_redistributor_write(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t value);
/* A trapped write of ICC_SGI1R_EL1. Those of ICC_SGI0R_EL1 and ICC_ASGI1R_EL1 send nothing, as all
 * interrupts are in Group 1. */
void vgic_send(struct vcpu *vcpu, uint64_t sgi1r);

/* Makes an SPI of the VM pending, or ends that if the guest has not taken it: how emulated devices
 * and the control interface interrupt a guest. Any core, that of another VM too. */
void vgic_raise(struct vm *vm, unsigned intid);
void vgic_lower(struct vm *vm, unsigned intid);

#endif
