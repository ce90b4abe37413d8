/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts that were taken from the hardware for the calling core's vCPU: they wait in a set, or
 * are in a list register. The same interrupt is never in two of them, but for an SGI: one may be
 * active in a list register while the next one waits.
 */
#ifndef HYP_VGIC_LIST_H
#define HYP_VGIC_LIST_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

enum { VGIC_PRIORITY_NONE = 0x100 }; /* less urgent than all */

void vgic_add_waiting(struct vcpu *vcpu, unsigned intid);
/* Puts the most urgent waiting interrupt into a list register, if need be of a less urgent one.
 * False: none is waiting, or there is no room. */
bool vgic_list_next(struct vcpu *vcpu);
/* Ends as many parked interrupts as the guest has ended without a list register. */
void vgic_unpark(struct vcpu *vcpu);
/* The priority of the most urgent pending interrupt, waiting or in a list register. */
unsigned vgic_urgency(const struct vcpu *vcpu);
/* The same of the list registers alone. */
unsigned vgic_listed_urgency(void);
/* The word's interrupts that are in list registers of this core in this state, or parked. */
uint32_t vgic_listed_pending(unsigned word);
uint32_t vgic_listed_active(const struct vcpu *vcpu, unsigned word);

/* enum vgic_request, for one interrupt, if it is in that state here. */
void vgic_drop(struct vcpu *vcpu, unsigned intid);
void vgic_return(struct vcpu *vcpu, unsigned intid);
void vgic_finish(struct vcpu *vcpu, unsigned intid);
/* Returns all that is pending, and ends all that is active. */
void vgic_empty(struct vcpu *vcpu);

#endif
