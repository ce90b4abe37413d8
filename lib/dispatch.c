/* SPDX-License-Identifier: BSD-2-Clause */
/* From the ID of a call to its handler, and from what that returns to an outcome. */
#include "internal.h"

#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    [VPSCI_FN_##name] = vpsci__##handler,
static int64_t (*const handlers[])(struct vpsci__invocation *call) = {
#include "functions.def"
    [VPSCI__FN_UNKNOWN] = vpsci__unknown,
    [VPSCI__FN_GENERAL] = vpsci__general,
};

void vpsci__dispatch(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *guest,
                     struct vpsci_outcome *out)
{
    struct vpsci__invocation call;
    uint32_t id = (uint32_t)guest->function;
    int64_t result;

    call.vm = vpsci__vm(vcpu);
    call.vcpu = vcpu;
    call.call = guest;
    call.out = out;
    vpsci__begin_outcome(out, VPSCI_RETURN);
    if (vpsci__is_offered(&call, id)) {
        vpsci__choose(&call, id % VPSCI_FID_COUNT, (id & VPSCI_FID_BIT_64) != 0);
    } else {
        vpsci__choose_other(&call, id);
    }
    result = handlers[call.function](&call);
    /* If the caller waits, its x0 is not defined. */
    out->x0 = result < 0 ? (uint64_t)(int64_t)vpsci__result(call.vm, (int)result)
                         : (uint64_t)result & call.mask;
}

void vpsci__dispatch_unless_waiting(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *guest,
                                    struct vpsci_outcome *out)
{
    vpsci_next(vcpu, out);
    /* The host held this vCPU, and another thread has just woken it. */
    if (out->action == VPSCI_RUN) {
        vpsci__dispatch(vcpu, guest, out);
    }
}
