/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts that software sends. */
#include "arch.h"
#include "vgic_hardware.h"
#include "vgic_request.h"
#include "vm.h"

/* ICC_SGI1R_EL1 (IHI0069, 12.2.20). */
#define SGI_ALL_OTHERS (1ull << 40)
#define SGI_INTID_MASK (0xfull << 24)

enum { SGI_TARGETS = 16 };

/* Aff3, Aff2 and Aff1, and Aff0 but for its lower four bits (RS). */
static uint64_t send_cluster(uint64_t mpidr)
{
    return (mpidr >> 32 & 0xff) << 48 | (mpidr >> 4 & 0xf) << 44 | (mpidr >> 16 & 0xff) << 32 |
           (mpidr >> 8 & 0xff) << 16;
}

#define SEND_CLUSTER_MASK send_cluster(UINT64_MAX)

static bool send_is_target(const struct vcpu *vcpu, const struct vcpu *sender, uint64_t sgi1r)
{
    if ((sgi1r & SGI_ALL_OTHERS) != 0) {
        return vcpu != sender;
    }
    return (sgi1r & SEND_CLUSTER_MASK) == send_cluster(vcpu->mpidr) &&
           (sgi1r >> vcpu->mpidr % SGI_TARGETS & 1) != 0;
}

void vgic_send(struct vcpu *vcpu, uint64_t sgi1r)
{
    const struct vm *vm = vcpu->vm;

    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (send_is_target(&vm->vcpus[i], vcpu, sgi1r)) {
            uint64_t core = arch_core_mpidr(vm->vcpus[i].core);

            arch_gic_send((sgi1r & SGI_INTID_MASK) | send_cluster(core) |
                          1ull << core % SGI_TARGETS);
        }
    }
}

void vgic_raise(struct vm *vm, unsigned intid)
{
    if (intid >= VGIC_PRIVATE_COUNT && vgic_is_owned(vm, intid)) {
        vgic_set_bit(&vm->vcpus[0], GICX_ISPENDR, intid);
    }
}

void vgic_lower(struct vm *vm, unsigned intid)
{
    if (intid < VGIC_PRIVATE_COUNT || !vgic_is_owned(vm, intid)) {
        return;
    }
    vgic_set_bit(&vm->vcpus[0], GICX_ICPENDR, intid);
    if (vgic_bit_is_set(&vm->vcpus[0], GICX_ISACTIVER, intid)) {
        vgic_ask_all(vm, VGIC_DROP, intid / 32, 1u << intid % 32);
    }
}
