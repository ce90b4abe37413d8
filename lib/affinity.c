/* SPDX-License-Identifier: BSD-2-Clause */
/* AFFINITY_INFO of all cores that agree in some fields of their MPIDRs. */
#include "internal.h"

/* What AFFINITY_INFO returns for a core whose settled word this is (DEN0022 5.7). */
int64_t vpsci__affinity_of(const struct vpsci_vm *vm, uint64_t word)
{
    switch (vpsci__state_of(word)) {
    case VPSCI__OFF:
    case VPSCI__FROZEN:
        return VPSCI_AFFINITY_OFF;
    case VPSCI__CLAIMED:
    case VPSCI__STARTING:
    case VPSCI__PENDING:
    case VPSCI__REVOKING:
        return vm->config.options & VPSCI_OPTION_NO_ON_PENDING ? VPSCI_AFFINITY_ON
                                                               : VPSCI_AFFINITY_ON_PENDING;
    default:
        return VPSCI_AFFINITY_ON;
    }
}

static bool is_in_group(const struct vpsci_vcpu *vcpu, uint32_t affinity, uint32_t mask)
{
    return ((vcpu->affinity ^ affinity) & mask) == 0;
}

/*
 * A whole instance is ON if one of its cores is ON, else ON_PENDING if one is ON_PENDING. The
 * caller's own is ON, because the caller is. Of another one, all cores are looked for: names have any
 * layout, and what domains count (domain.c) does not tell off from asleep. Race:
 * other vCPUs start and stop meanwhile. Each core is looked at once during the call, and the result
 * is that of these moments.
 */
int64_t vpsci__affinity_of_group(const struct vpsci__invocation *call, uint32_t affinity,
                                 uint32_t mask)
{
    const struct vpsci_vm *vm = call->vm;
    static const int8_t results[] = {VPSCI_INVALID_PARAMETERS, 1, 2, 2, 0, 0, 0, 0};
    uint32_t seen = 0; /* bit 0: some core is off, bit 1: pending, bit 2: on */
    uint32_t i;

    if (is_in_group(call->vcpu, affinity, mask)) {
        return VPSCI_AFFINITY_ON;
    }
    for (i = 0; i < vm->vcpu_count && !(seen & 4); i++) {
        const struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);

        if (is_in_group(vcpu, affinity, mask)) {
            static const uint8_t bits[] = {4, 1, 2};

            seen |= bits[vpsci__affinity_of(vm, vpsci__settled(vm, vcpu))];
        }
    }
    return results[seen];
}
