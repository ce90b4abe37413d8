/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_OFF and CPU_FREEZE. */
#include "internal.h"

/* Turns off a vCPU whose word is `word`; it becomes `off`. `was_up` is false if it never
 * ran. Returns false if the word has changed meanwhile. Owner. */
bool vpsci__leave(struct vpsci_vcpu *vcpu, uint64_t word, enum vpsci__state off, bool was_up)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t leaving =
        vpsci__with_detail(vpsci__to(word, was_up ? VPSCI__LEAVING : VPSCI__REVOKING), off);

    if (!vpsci__swap(&vcpu->word, &word, leaving)) {
        return false;
    }
    if (!was_up) {
        vpsci__complete_leaving(vcpu, leaving);
        return true;
    }
    vpsci__stat_enter(vm, vcpu->index, 0, vpsci__core_state(vm, leaving));
    vpsci__complete_leaving(vcpu, leaving);
    /* Race: a CPU_ON may have come since. This is the owner's call, so the vCPU cannot come up. */
    vpsci__went_down(vcpu, leaving, false);
    return true;
}

static int64_t turn_off_caller(struct vpsci__invocation *call, enum vpsci__state off)
{
    struct vpsci_vm *vm = call->vm;

    /* DEN0022 5.5: a Trusted OS that needs this core has not moved away. Race: a MIGRATE that names
     * this core may be honoured at the same moment. The Trusted OS then is on a core that is off,
     * as if it had moved a moment later, which MIGRATE allows. */
    if ((vm->has & VPSCI__HAS_RESIDENT) && vpsci__load(&vm->resident) == call->vcpu->index) {
        return VPSCI_DENIED;
    }
    (void)vpsci__leave(call->vcpu, vpsci__load(&call->vcpu->word), off, true);
    return vpsci__wait(call, off == VPSCI__OFF ? VPSCI_WAIT_OFF : VPSCI_WAIT_FROZEN);
}

int64_t vpsci__cpu_off(struct vpsci__invocation *call)
{
    return turn_off_caller(call, VPSCI__OFF);
}

int64_t vpsci__cpu_freeze(struct vpsci__invocation *call)
{
    return turn_off_caller(call, VPSCI__FROZEN);
}
