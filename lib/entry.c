/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry points: from a guest's arguments to a payload (DEN0022, "Initial core configuration"). */
#include "internal.h"

bool vpsci__entry_is_aligned(uint64_t address, uint64_t form)
{
    return !(address & (form & VPSCI__FORM_THUMB ? 1 : 3));
}

/* False if the address is no valid entry point: the call returns INVALID_ADDRESS. */
bool vpsci__entry_read(const struct vpsci__invocation *call, uint64_t address, uint64_t context,
                       struct vpsci__entry *entry)
{
    const struct vpsci_config *config = &call->vm->config;

    entry->form = call->function | (uint64_t)call->vcpu->index << 16;
    if (call->call->aarch32) {
        entry->form |= VPSCI__FORM_AARCH32;
        if (address & 1) {
            entry->form |= VPSCI__FORM_THUMB;
            address &= ~UINT64_C(1);
        }
    }
    if (call->call->big_endian) {
        entry->form |= VPSCI__FORM_BIG_ENDIAN;
    }
    entry->address = address;
    entry->context = context;
    if (!vpsci__entry_is_aligned(address, entry->form)) {
        return false;
    }
    return !config->ops || !config->ops->entry_is_valid ||
           config->ops->entry_is_valid(config->host, (struct vpsci_ipa){address});
}

/* The calling thread holds the word in CLAIMED, or owns the vCPU; its next store of the word
 * publishes what is written here. */
void vpsci__entry_write(struct vpsci_vcpu *vcpu, const struct vpsci__entry *entry)
{
    vpsci__store(&vcpu->entry, entry->address);
    vpsci__store(&vcpu->context, entry->context);
    vpsci__store(&vcpu->form, entry->form);
}
