/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where vCPUs are: behind their VM, in one piece of memory; and behind all of them, for each vCPU, a
 * row of cells with the domains that it may be the first of. internal.h includes this file after its
 * structs. The proofs define VPSCI_PLACEMENT_H before it is read and have a typed array instead,
 * because CBMC takes accesses behind an object for accesses to bytes, and does not finish with
 * them: proofs/placement.h.
 */
#ifndef VPSCI_PLACEMENT_H
#define VPSCI_PLACEMENT_H

#include "internal.h"

static inline struct vpsci_vcpu *vpsci__vcpu(const struct vpsci_vm *vm, uint32_t index)
{
    return (struct vpsci_vcpu *)(uintptr_t)(vm + 1) + index;
}

static inline struct vpsci_vm *vpsci__vm(const struct vpsci_vcpu *vcpu)
{
    return (struct vpsci_vm *)((uintptr_t)vcpu - vcpu->offset);
}

static inline struct vpsci__cell *vpsci__domain_row(const struct vpsci_vm *vm, uint32_t index)
{
    struct vpsci_vcpu *behind = vpsci__vcpu(vm, vm->vcpu_count);

    return (struct vpsci__cell *)(uintptr_t)behind + (size_t)index * vm->row_at[VPSCI_LEVEL_MAX];
}

#endif
