/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host asks about a VM and its vCPUs. */
#include "internal.h"

struct vpsci_vcpu *vpsci_vcpu_at(struct vpsci_vm *vm, uint32_t index)
{
    return index < vm->vcpu_count ? vpsci__vcpu(vm, index) : NULL;
}

uint32_t vpsci_vcpu_index(const struct vpsci_vcpu *vcpu)
{
    return vcpu->index;
}

uint32_t vpsci_on_count(const struct vpsci_vm *vm)
{
    return vpsci__count_of(vpsci__load(&vm->census));
}

enum vpsci_system vpsci_system_state(const struct vpsci_vm *vm)
{
    switch (vpsci__stage_of(vpsci__load(&vm->system))) {
    case VPSCI__RUNNING:
        return VPSCI_SYSTEM_RUNNING;
    case VPSCI__STOPPED:
        return VPSCI_SYSTEM_STOPPED;
    default:
        return VPSCI_SYSTEM_STOPPING;
    }
}
