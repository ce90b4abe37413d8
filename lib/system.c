/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that concern the system as a whole: all are requests to the host. */
#include "internal.h"

/*
 * Stops every vCPU until the host has decided. The caller is prepared to get INTERNAL_FAILURE
 * first: whatever the host does or fails to do, it never runs on with a function ID for a result.
 * Of several calls at once one becomes the request; the others get that code if they ever go on.
 */
static int64_t stop(struct vpsci__invocation *call, uint64_t type, uint64_t cookie)
{
    struct vpsci_vm *vm = call->vm;
    struct vpsci_vcpu *vcpu = call->vcpu;
    uint64_t word = vpsci__load(&vcpu->word);
    uint64_t system;

    vpsci__poke(&vcpu->entry, type);
    vpsci__poke(&vcpu->context, cookie);
    vpsci__poke(&vcpu->form, call->function);
    word = vpsci__to_returning(word, VPSCI_INTERNAL_FAILURE) | VPSCI__UNSETTLED;
    vpsci__store(&vcpu->word, word);
    system = vpsci__load(&vm->system);
    while (vpsci__stage_of(system) == VPSCI__RUNNING) {
        if (vpsci__swap(&vm->system, &system,
                        vpsci__with_stage(system, VPSCI__STOP_ASKED, vcpu->index))) {
            break;
        }
    }
    /* If that fails, the request has been refused already: another code is there. */
    (void)vpsci__swap(&vcpu->word, &word, word & ~VPSCI__UNSETTLED);
    return vpsci__wait(call, VPSCI_WAIT_STOPPED);
}

int64_t vpsci__system_stop(struct vpsci__invocation *call)
{
    return stop(call, 0, 0);
}

/* Bit 31 of the type tells a vendor's own from the architecture's. */
int64_t vpsci__system_reset2(struct vpsci__invocation *call)
{
    uint32_t type = (uint32_t)call->args[0];
    bool vendor = (type >> 31) != 0;

    if (vendor ? !(call->vm->has & VPSCI_CAP_VENDOR_RESET) : type != 0) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return stop(call, type, call->args[1]);
}

/* HIBERNATE_OFF is 1, and 0 as the drafts had it (DEN0022 F.b); the cookie is reserved. */
int64_t vpsci__system_off2(struct vpsci__invocation *call)
{
    if (call->args[0] > 1 || call->args[1] != 0) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return stop(call, 1, 0);
}

static bool others_are_on(const struct vpsci_vm *vm)
{
    return vpsci_on_count(vm) != 1;
}

/*
 * DEN0022 5.19. The word says CHECKING before the others are counted: from then on a wake is
 * remembered, so that one which comes after the count was right is not lost. Nobody can be turned
 * on in between by the guest, whose only running vCPU is here.
 */
int64_t vpsci__system_suspend(struct vpsci__invocation *call)
{
    struct vpsci_vcpu *vcpu = call->vcpu;
    struct vpsci__start start;
    uint64_t word = vpsci__load(&vcpu->word);

    if (others_are_on(call->vm)) {
        return VPSCI_DENIED;
    }
    if (!vpsci__start_read(call, call->args[0], call->args[1], &start)) {
        return VPSCI_INVALID_ADDRESS;
    }
    vpsci__start_write(vcpu, &start);
    word = vpsci__to(word, VPSCI__CHECKING);
    vpsci__store(&vcpu->word, word);
    if (others_are_on(call->vm)) {
        vpsci__store(&vcpu->word, vpsci__to(word, VPSCI__ON) + VPSCI__CHANGE);
        return VPSCI_DENIED;
    }
    while (!vpsci__swap(&vcpu->word, &word,
                        vpsci__to(word, VPSCI__SUSPEND_ASKED) | (word & VPSCI__WAKE))) {
    }
    return vpsci__wait(call, VPSCI_WAIT_ANSWER);
}
