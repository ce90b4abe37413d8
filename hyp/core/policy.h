/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a guest's request to suspend, turn off or reset its VM: vm->suspend_policy. */
#ifndef HYP_POLICY_H
#define HYP_POLICY_H

#include "vm.h"

/*
 * Decides a request of this vCPU at once, or passes it to the control VM: SYSTEM_SUSPEND as the policy
 * says; the others are honoured unless the control VM decides. If there is no control VM, or it has
 * ended, a SYSTEM_SUSPEND that it would decide is DENIED. Owner.
 */
void policy_decide(struct vcpu *vcpu, const struct vpsci_request *request);
/* The request of a vCPU, of any VM that runs, if it has not been answered or forgotten since. Any
 * core. */
bool policy_request(struct vcpu *vcpu, struct vpsci_request *request);
/* Answers the request of a vCPU, of any VM that runs. Returns 0, or as vpsci_answer() does. Any core. */
int policy_answer(struct vcpu *vcpu, enum vpsci_result result);
/* The control VM has ended: decides the requests that it has not answered. */
void policy_take_over(void);

#endif
