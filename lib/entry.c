/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry points: from a guest's arguments to a payload (DEN0022, "Initial core configuration"). */
#include "internal.h"

bool vpsci__entry_is_aligned(uint64_t address, uint64_t form)
{
    return !(address & (form & VPSCI__FORM_THUMB ? 1 : 3));
}

/* Bit 0 of an AArch32 address says which instruction set it is. */
static bool is_thumb(const struct vpsci__invocation *call, uint64_t address)
{
    return call->call->aarch32 && (address & 1);
}

/* Is argument n a valid entry point? If not, the call returns INVALID_ADDRESS. */
bool vpsci__entry_is_valid(const struct vpsci__invocation *call, uint32_t n)
{
    const struct vpsci_config *config = &call->vm->config;
    uint64_t address = vpsci__arg(call, n);

    if (address & 3) {
        if (!is_thumb(call, address)) {
            return false;
        }
        address &= ~UINT64_C(1);
    }
    return !(call->vm->has & VPSCI__HAS_ENTRY_CHECK) ||
           config->ops->entry_is_valid(config->host, (struct vpsci_ipa){address});
}

/* Writes argument n, an entry point, and the context ID after it into the payload of a vCPU. The
 * calling thread holds the word in CLAIMED, or owns the vCPU; its next store of the word publishes
 * what is written here. */
void vpsci__entry_write(const struct vpsci__invocation *call, uint32_t n, struct vpsci_vcpu *vcpu)
{
    uint64_t form = call->function | (uint64_t)call->vcpu->index << 16;
    uint64_t address = vpsci__arg(call, n);

    if (call->call->aarch32) {
        form |= VPSCI__FORM_AARCH32;
        if (is_thumb(call, address)) {
            form |= VPSCI__FORM_THUMB;
            address &= ~UINT64_C(1);
        }
    }
    if (call->call->big_endian) {
        form |= VPSCI__FORM_BIG_ENDIAN;
    }
    vpsci__store(&vcpu->entry, address);
    vpsci__store(&vcpu->context, vpsci__arg(call, n + 1));
    vpsci__store(&vcpu->form, form);
}
