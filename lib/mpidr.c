/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a CPU's name to a vCPU, at the same cost for 1 and for 4,096 of them in any layout: cuckoo
 * hashing. Each name has one slot in either half of a table, and is in one of the two.
 */
#include "internal.h"

enum {
    ATTEMPTS = 64 /* pairs of hash functions to try; at half load a pair fails rarely */
};

/* The halves have 1 << bits slots each, at least one for each vCPU. */
uint32_t vpsci__slot_bits(uint32_t vcpu_count)
{
    uint32_t bits = 1;

    while (UINT32_C(1) << bits < vcpu_count) {
        bits++;
    }
    return bits;
}

static uint16_t *find_slot(const struct vpsci_vm *vm, uint32_t affinity, uint32_t half)
{
    uint32_t hash = (affinity + 1) * vm->factors[half];

    /* Only the upper bits of the product depend on all bits of the name. */
    hash = (hash ^ hash >> 15) * UINT32_C(0x2c1b3c6d);
    return &vm->slots[(half << vm->slot_bits) + (hash >> (32 - vm->slot_bits))];
}

static struct vpsci_vcpu *look_in_half(const struct vpsci_vm *vm, uint32_t affinity, uint32_t half)
{
    uint32_t index = *find_slot(vm, affinity, half);
    struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, index);

    return index != VPSCI__NOBODY && vcpu->affinity == affinity ? vcpu : NULL;
}

/* The vCPU that a guest's argument names, or NULL. */
struct vpsci_vcpu *vpsci__target(const struct vpsci_vm *vm, uint64_t mpidr)
{
    uint32_t affinity = vpsci__pack(mpidr);
    struct vpsci_vcpu *vcpu;

    if (mpidr & ~VPSCI_MPIDR_MASK) {
        return NULL;
    }
    vcpu = look_in_half(vm, affinity, 0);
    return vcpu ? vcpu : look_in_half(vm, affinity, 1);
}

struct vpsci_vcpu *vpsci_find(struct vpsci_vm *vm, struct vpsci_mpidr mpidr)
{
    return vpsci__target(vm, mpidr.value);
}

struct vpsci_mpidr vpsci_vcpu_mpidr(const struct vpsci_vcpu *vcpu)
{
    uint64_t affinity = vcpu->affinity;

    return (struct vpsci_mpidr){(affinity & 0xff000000) << 8 | (affinity & 0xffffff)};
}

/* Puts a vCPU into its slot, the vCPU that was there into its other slot, and so on. */
static bool insert_vcpu(struct vpsci_vm *vm, uint32_t index)
{
    uint32_t half = 0;
    uint32_t moves;

    for (moves = 0; moves < 64; moves++) {
        uint16_t *slot = find_slot(vm, vpsci__vcpu(vm, index)->affinity, half);
        uint32_t other = *slot;

        *slot = (uint16_t)index;
        if (other == VPSCI__NOBODY) {
            return true;
        }
        index = other;
        half ^= 1;
    }
    return false;
}

static bool fill_table(struct vpsci_vm *vm)
{
    uint32_t i;

    for (i = 0; i < UINT32_C(2) << vm->slot_bits; i++) {
        vm->slots[i] = VPSCI__NOBODY;
    }
    for (i = 0; i < vm->vcpu_count; i++) {
        if (!insert_vcpu(vm, i)) {
            return false;
        }
    }
    return true;
}

/* Fills the table. False if a name comes twice: no pair of functions can tell the two apart. */
bool vpsci__find_prepare(struct vpsci_vm *vm)
{
    uint32_t attempt;

    for (attempt = 0; attempt < ATTEMPTS; attempt++) {
        vm->factors[0] = UINT32_C(0x9e3779b1) + attempt * UINT32_C(0x3c6ef372);
        vm->factors[1] = UINT32_C(0x85ebca6b) + attempt * UINT32_C(0x27d4eb2e);
        if (fill_table(vm)) {
            break;
        }
    }
    for (uint32_t i = 0; attempt < ATTEMPTS && i < vm->vcpu_count; i++) {
        if (vpsci__target(vm, vpsci_vcpu_mpidr(vpsci__vcpu(vm, i)).value) != vpsci__vcpu(vm, i)) {
            return false;
        }
    }
    return attempt < ATTEMPTS;
}
