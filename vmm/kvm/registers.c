/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a VM's state, and which file reads and writes each. */
#include "kvm/registers.h"

#include <string.h>

#include "kvm/state_parts.h"

static bool part_is_contract(enum kvm_part part)
{
    return part == KVM_PART_IDENTITY || part == KVM_PART_FIRMWARE;
}

int vcpu_read_part(struct vcpu *vcpu, enum kvm_part part, struct kvm_registers *list)
{
    uint64_t mpidr = 0;
    int error = vcpu_get_mpidr(vcpu, &mpidr);

    list->count = 0;
    if (error != 0) {
        return error;
    }
    return part_is_contract(part) ? contract_read(vcpu, part, list)
                                  : gic_read_part(vcpu, part, mpidr, list);
}

int vcpu_write_part(struct vcpu *vcpu, enum kvm_part part, const struct kvm_registers *list,
                    struct kvm_culprit *culprit)
{
    uint64_t mpidr = 0;
    int error = vcpu_get_mpidr(vcpu, &mpidr);

    *culprit = (struct kvm_culprit){.wanted = 0};
    if (error != 0) {
        return error;
    }
    return part_is_contract(part) ? contract_write(vcpu, part, list, culprit)
                                  : gic_write_part(vcpu, part, mpidr, list, culprit);
}
