/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry points: from a guest's arguments to a payload (DEN0022, "Initial core configuration"). */
#include "internal.h"

bool vpsci__entry_is_aligned(uint64_t address, uint64_t form)
{
    return !(address & (form & VPSCI__FORM_THUMB ? 1 : 3));
}

static uint64_t form_of(const struct vpsci__invocation *call, uint64_t address)
{
    uint64_t form = call->function | (uint64_t)call->vcpu->index << 16;

    if (call->call->aarch32) {
        form |= address & 1 ? VPSCI__FORM_AARCH32 | VPSCI__FORM_THUMB : VPSCI__FORM_AARCH32;
    }
    return call->call->big_endian ? form | VPSCI__FORM_BIG_ENDIAN : form;
}

/* Bit 0 of an AArch32 address says which instruction set it is. */
static uint64_t address_of(uint64_t address, uint64_t form)
{
    return form & VPSCI__FORM_THUMB ? address & ~UINT64_C(1) : address;
}

/* Is argument n a valid entry point? If not, the call returns INVALID_ADDRESS. */
bool vpsci__entry_is_valid(const struct vpsci__invocation *call, uint32_t n)
{
    const struct vpsci_config *config = &call->vm->config;
    uint64_t form = form_of(call, vpsci__arg(call, n));
    uint64_t address = address_of(vpsci__arg(call, n), form);

    if (!vpsci__entry_is_aligned(address, form)) {
        return false;
    }
    return !config->ops || !config->ops->entry_is_valid ||
           config->ops->entry_is_valid(config->host, (struct vpsci_ipa){address});
}

/* Writes argument n, an entry point, and the context ID after it into the payload of a vCPU. The
 * calling thread holds the word in CLAIMED, or owns the vCPU; its next store of the word publishes
 * what is written here. */
void vpsci__entry_write(const struct vpsci__invocation *call, uint32_t n, struct vpsci_vcpu *vcpu)
{
    uint64_t form = form_of(call, vpsci__arg(call, n));

    vpsci__store(&vcpu->entry, address_of(vpsci__arg(call, n), form));
    vpsci__store(&vcpu->context, vpsci__arg(call, n + 1));
    vpsci__store(&vcpu->form, form);
}
