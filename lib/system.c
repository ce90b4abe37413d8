/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls that concern the whole system: all become requests to the host. */
#include "internal.h"

/*
 * Stops every vCPU until the host has decided. INTERNAL_FAILURE is put into the caller's word
 * first: whatever the host does or fails to do, the caller never continues with a function ID in
 * x0.
 * Race: of several calls at the same time one becomes the request. The others return that code if
 * the system continues.
 */
static int64_t stop_system(struct vpsci__invocation *call, uint64_t type, uint64_t cookie)
{
    struct vpsci_vm *vm = call->vm;
    struct vpsci_vcpu *vcpu = call->vcpu;
    uint64_t word = vpsci__load(&vcpu->word);
    uint64_t system;

    vpsci__store(&vcpu->entry, type);
    vpsci__store(&vcpu->context, cookie);
    vpsci__store(&vcpu->form, call->function);
    word = vpsci__to_returning(word, VPSCI_INTERNAL_FAILURE) | VPSCI__UNSETTLED;
    vpsci__store(&vcpu->word, word);
    system = vpsci__load(&vm->system);
    while (vpsci__stage_of(system) == VPSCI__RUNNING) {
        if (vpsci__swap(&vm->system, &system,
                        vpsci__with_stage(system, VPSCI__STOP_ASKED, vcpu->index))) {
            break;
        }
    }
    /* Race: if the swap fails, the request has been refused already and the word has its code. */
    (void)vpsci__swap(&vcpu->word, &word, word & ~VPSCI__UNSETTLED);
    return vpsci__wait(call, VPSCI_WAIT_STOPPED);
}

int64_t vpsci__system_off(struct vpsci__invocation *call)
{
    return stop_system(call, 0, 0);
}

int64_t vpsci__system_reset(struct vpsci__invocation *call)
{
    return stop_system(call, 0, 0);
}

/* Bit 31 of the type tells a vendor's own from the architecture's. */
int64_t vpsci__system_reset2(struct vpsci__invocation *call)
{
    uint32_t type = (uint32_t)vpsci__arg(call, 0);
    bool vendor = (type & VPSCI_RESET2_VENDOR) != 0;

    if (vendor ? !(call->vm->has & VPSCI_CAP_VENDOR_RESET) : type != VPSCI_RESET2_WARM) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return stop_system(call, type, vpsci__arg(call, 1));
}

/* HIBERNATE_OFF is 1, and 0 as the drafts had it (DEN0022 F.b); the cookie is reserved. */
int64_t vpsci__system_off2(struct vpsci__invocation *call)
{
    if ((uint32_t)vpsci__arg(call, 0) > VPSCI_OFF2_HIBERNATE_OFF || vpsci__arg(call, 1) != 0) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return stop_system(call, VPSCI_OFF2_HIBERNATE_OFF, 0);
}

static bool others_are_on(const struct vpsci_vm *vm)
{
    return vpsci_on_count(vm) != 1;
}

/*
 * DEN0022 5.19: first DENIED if another core is on, then INVALID_ADDRESS for an invalid entry
 * point.
 *
 * Race: a wake may come at any time. The word says CHECKING before the others are counted, and from
 * then on a wake is kept, so that one that comes after the count is not lost. The guest cannot turn
 * on a core in between, because its only running vCPU is here; the host can, and is seen by the
 * second count.
 */
int64_t vpsci__system_suspend(struct vpsci__invocation *call)
{
    struct vpsci_vcpu *vcpu = call->vcpu;
    uint64_t word = vpsci__load(&vcpu->word);

    if (others_are_on(call->vm)) {
        return VPSCI_DENIED;
    }
    if (!vpsci__entry_is_valid(call, 0)) {
        return VPSCI_INVALID_ADDRESS;
    }
    vpsci__entry_write(call, 0, vcpu);
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
