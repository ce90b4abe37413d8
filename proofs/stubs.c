/* SPDX-License-Identifier: BSD-2-Clause */
/* In the place of four functions of the library, whose loops CBMC would unwind to no purpose. */
#include "proof.h"

/* Any value, but one: a record's checksum is right, or it is refused before it is looked at. */
static uint32_t any_sum(void)
{
    static uint32_t sum;
    static bool chosen;

    if (!chosen) {
        sum = nondet_u32();
        chosen = true;
    }
    return sum;
}

uint32_t vpsci__checksum(const uint8_t *record, size_t size)
{
    (void)record;
    (void)size;
    return any_sum();
}

uint32_t vpsci__digest(const struct vpsci_vm *of)
{
    (void)of;
    return any_sum();
}

/* No handler reads it: the proof `dispatch` is about the real one. */
uint64_t vpsci__offers(const struct vpsci_vm *of, uint32_t version)
{
    (void)of;
    (void)version;
    return nondet_u64();
}

/* The proof `find` says that the real one finds no other; that it finds each is checked by vpsci_init(). */
struct vpsci_vcpu *vpsci__target(const struct vpsci_vm *of, uint64_t mpidr)
{
    (void)of;
    for (uint32_t i = 0; !(mpidr & ~VPSCI_MPIDR_MASK) && i < VCPUS; i++) {
        if (vcpus(i).affinity == vpsci__pack(mpidr)) {
            return &vcpus(i);
        }
    }
    return NULL;
}
