/* SPDX-License-Identifier: BSD-2-Clause */
/* What one core asks of another one, whose list registers it cannot reach (enum vgic_request). */
#ifndef HYP_VGIC_REQUEST_H
#define HYP_VGIC_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "vgic.h"

/* Asks for these interrupts of the word; no bits: the core is only made to look at the VM's
 * state. If the vCPU is the calling core's, it is done at once. */
void vgic_ask(struct vcpu *vcpu, enum vgic_request request, unsigned word, uint32_t bits);
/* Asks all vCPUs of the VM. */
void vgic_ask_all(struct vm *vm, enum vgic_request request, unsigned word, uint32_t bits);
/* The interrupt has just been taken: what was asked to be dropped is an older one. Owner. */
void vgic_spare(struct vcpu *vcpu, unsigned intid);
/* Asks all vCPUs of the VM to forget all interrupts. */
void vgic_ask_to_forget(struct vm *vm);
/* Does what others have asked. Owner. */
void vgic_serve(struct vcpu *vcpu);
/* Whether the vCPU's core has still to do something. */
bool vgic_is_asked(const struct vcpu *vcpu);

#endif
