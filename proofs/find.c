/* SPDX-License-Identifier: BSD-2-Clause */
/* vpsci_find() with any table: whatever the slots hold, and whatever the hash is. */
#include "proof.h"

static uint16_t slots[4 * VCPUS];

static void any_slots(void)
{
    for (uint32_t i = 0; i < 4 * VCPUS; i++) {
        slots[i] = nondet_u16();
        assume(slots[i] < VCPUS);
    }
}

/* That each name finds its vCPU is what vpsci__find_prepare() looks at before vpsci_init()
 * accepts the names. */
void prove_find(void)
{
    struct vpsci_mpidr mpidr = {nondet_u64()};
    const struct vpsci_vcpu *found;

    any_vm();
    vm.slots = slots;
    vm.slot_shift = (uint8_t)(64 - vpsci__slot_bits(VCPUS));
    any_slots();
    found = vpsci_find(&vm, mpidr);
    reach(found == &vcpus(VCPUS - 1), "the last one");
    reach(!found && mpidr.value <= VPSCI_MPIDR_MASK, "no vCPU");
    check(!found || vpsci_vcpu_mpidr(found).value == mpidr.value,
          "the vCPU that is found has that name");
}
