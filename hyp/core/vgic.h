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

enum { VGIC_INTID_COUNT = 1020, VGIC_WORDS = 32, VGIC_LIST_MAX = 16 };

struct vm;
struct vcpu;

struct vgic_vm {
    uint32_t owned[VGIC_WORDS]; /* a bit for each SPI of the VM, by INTID */
    uint32_t ctlr;              /* GICD_CTLR as this guest wrote it */
};

struct vgic_vcpu {
    /* Interrupts that arrived for this vCPU and are in no list register, a bit for each INTID. */
    uint32_t waiting[VGIC_WORDS];
    uint32_t ctlr; /* GICR_CTLR and GICR_WAKER, as the guest wrote them */
    uint32_t waker;
};

/* The state after a reset of the machine: of the distributor, for the VM's own interrupts only, and
 * of one core. */
void vgic_reset_vm(struct vm *vm);
void vgic_reset_vcpu(struct vcpu *vcpu);

/* Takes all physical interrupts that are pending at this core: its vCPU's into list registers or
 * `waiting`; hyp's own kick, timer and maintenance are ended. Owner. */
void vgic_take(struct vcpu *vcpu);
/* Fills free list registers from `waiting`, the most urgent first. Owner; before arch_run(). */
void vgic_fill(struct vcpu *vcpu);
/* Whether an interrupt would be signalled to the vCPU if it ran with PSTATE.I clear: its group is
 * enabled, and its priority is higher than the guest's ICC_PMR_EL1. Owner. */
bool vgic_is_pending(const struct vcpu *vcpu);

/* An access at this offset of the distributor, or of the redistributor of vCPU `target`. Returns false
 * if there is no such register or size (the guest gets an external abort). */
bool vgic_distributor_read(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t *value);
bool vgic_distributor_write(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t value);
bool vgic_redistributor_read(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t *value);
bool vgic_redistributor_write(struct vcpu *vcpu, uint64_t offset, unsigned size, uint64_t value);
/* A trapped write of ICC_SGI1R_EL1 (or SGI0R, ASGI1R: nothing is sent). */
void vgic_send(struct vcpu *vcpu, uint64_t sgi1r);

/* Makes an SPI of the VM pending, or ends that if it was not yet taken: how emulated devices and
 * the control interface interrupt a guest. Any core. */
void vgic_raise(struct vm *vm, unsigned intid);
void vgic_lower(struct vm *vm, unsigned intid);

#endif
