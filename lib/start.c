/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry points: from a guest's arguments to a payload (DEN0022, "Initial core configuration").
 */
#include "internal.h"

bool vpsci__start_aligned(uint64_t address, uint64_t form)
{
    return !(address & (form & VPSCI__FORM_THUMB ? 1 : 3));
}

/* False if no vCPU can start there: INVALID_ADDRESS. */
bool vpsci__start_read(const struct vpsci__invocation *call, uint64_t entry, uint64_t context,
                       struct vpsci__start *start)
{
    const struct vpsci_config *config = call->vm->config;

    start->form = call->function | (uint64_t)call->vcpu->index << 16;
    if (call->call->aarch32) {
        start->form |= VPSCI__FORM_AARCH32;
        if (entry & 1) {
            start->form |= VPSCI__FORM_THUMB;
            entry &= ~UINT64_C(1);
        }
    }
    if (call->call->big_endian) {
        start->form |= VPSCI__FORM_BIG_ENDIAN;
    }
    start->address = entry;
    start->context = context;
    if (!vpsci__start_aligned(entry, start->form)) {
        return false;
    }
    return !config->ops || !config->ops->entry_is_valid ||
           config->ops->entry_is_valid(config->host, (struct vpsci_ipa){entry});
}

/* The caller holds the word in CLAIMED, or owns the vCPU; its next store of the word publishes. */
void vpsci__start_write(struct vpsci_vcpu *vcpu, const struct vpsci__start *start)
{
    vpsci__poke(&vcpu->entry, start->address);
    vpsci__poke(&vcpu->context, start->context);
    vpsci__poke(&vcpu->form, start->form);
}
