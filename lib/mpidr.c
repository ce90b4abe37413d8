/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a CPU's name to a vCPU, at the same cost for 1 and for 4,096 of them in any layout: cuckoo
 * hashing. Each name has one slot in either half of a table, and is in one of the two.
 */
#include "internal.h"

enum {
    ATTEMPTS = 64 /* hash functions to try; at half load one fails rarely */
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

/* Two hashes in one: the upper bits of either half of the product depend on all bits of the name. */
static uint64_t hash_name(const struct vpsci_vm *vm, uint32_t affinity)
{
    return affinity * vm->factor;
}

static uint16_t *find_slot(const struct vpsci_vm *vm, uint64_t hash, uint32_t half)
{
    return &vm->slots[2 * ((half ? hash << 32 : hash) >> vm->slot_shift) + half];
}

static struct vpsci_vcpu *look_in_half(const struct vpsci_vm *vm, uint32_t affinity, uint64_t hash,
                                       uint32_t half)
{
    struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, *find_slot(vm, hash, half));

    return vcpu->affinity == affinity ? vcpu : NULL;
}

/* The vCPU that a guest's argument names, or NULL. */
struct vpsci_vcpu *vpsci__target(const struct vpsci_vm *vm, uint64_t mpidr)
{
    uint32_t affinity;
    uint64_t hash;
    struct vpsci_vcpu *vcpu;

    if (mpidr & ~VPSCI_MPIDR_MASK) {
        return NULL;
    }
    affinity = vpsci__pack(mpidr);
    hash = hash_name(vm, affinity);
    vcpu = look_in_half(vm, affinity, hash, 0);
    return vcpu ? vcpu : look_in_half(vm, affinity, hash, 1);
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
        uint16_t *slot = find_slot(vm, hash_name(vm, vpsci__vcpu(vm, index)->affinity), half);
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

    for (i = 0; i < UINT32_C(2) << (64 - vm->slot_shift); i++) {
        vm->slots[i] = VPSCI__NOBODY;
    }
    for (i = 0; i < vm->vcpu_count; i++) {
        if (!insert_vcpu(vm, i)) {
            return false;
        }
    }
    /* A look-up compares names, so an empty slot may have any vCPU in it. */
    for (i = 0; i < UINT32_C(2) << (64 - vm->slot_shift); i++) {
        if (vm->slots[i] == VPSCI__NOBODY) {
            vm->slots[i] = 0;
        }
    }
    return true;
}

/* Fills the table. False if a name comes twice: no function can tell the two apart. */
bool vpsci__find_prepare(struct vpsci_vm *vm)
{
    uint32_t attempt;

    for (attempt = 0; attempt < ATTEMPTS; attempt++) {
        vm->factor = UINT64_C(0x9e3779b97f4a7c15) + attempt * UINT64_C(0x3c6ef372fe94f82a);
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

/* The first vCPU that agrees with vCPU i in the affinity fields from `level` up. The domains of
 * that level of all vCPUs before i have to be known. Neighbours are mostly of one domain, so this
 * looks at the nearest first. */
uint16_t vpsci__first_by_affinity(const struct vpsci_vm *vm, uint32_t i, uint32_t level)
{
    uint32_t other;

    for (other = i; other-- > 0;) {
        uint32_t differs = vpsci__vcpu(vm, other)->affinity ^ vpsci__vcpu(vm, i)->affinity;

        if (differs >> 8 * level == 0) {
            return vpsci__vcpu(vm, other)->domain[level - 1];
        }
    }
    return (uint16_t)i;
}
