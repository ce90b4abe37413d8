/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does what the library says: registers of a vCPU that starts or continues, waits, and wakes.
 *
 *     for (;;) {
 *         while (!power_step(vcpu)) {
 *         }
 *         ... arch_run(); an exit by HVC or SMC: calls_take() ...
 *     }
 */
#ifndef HYP_POWER_H
#define HYP_POWER_H

#include <stdbool.h>

#include "vm.h"

/* Takes the interrupts that are pending, asks the library what the vCPU does next, and does it; a wait
 * lasts until the next interrupt at most. Returns true if the vCPU may enter the guest now, after
 * vgic_fill(). To be called at the start, after each exit by an interrupt, which may be a kick, and
 * if calls_take() says so. Owner. */
bool power_step(struct vcpu *vcpu);
/* Does what an outcome of vpsci_call() says, without waiting. A standby is over at once if an interrupt
 * is pending in a list register or waits for one; what is pending only at the GIC is for power_step(). Returns true if the
 * vCPU may enter the guest. Owner. */
bool power_apply_call(struct vcpu *vcpu, struct vpsci_outcome *out);

#endif
