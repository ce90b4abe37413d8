/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's call. It is apart from dispatch.c so that the usual way needs no registers saved for the
 * other one: both are jumps. */
#include "internal.h"

void vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *guest,
                struct vpsci_outcome *out)
{
    if (vpsci__state_of(vpsci__load(&vcpu->word)) == VPSCI__ON) {
        vpsci__dispatch(vcpu, guest, out);
    } else {
        vpsci__dispatch_unless_waiting(vcpu, guest, out);
    }
}
