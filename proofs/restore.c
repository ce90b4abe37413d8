/* SPDX-License-Identifier: BSD-2-Clause */
/* vpsci_restore() of any bytes, of any length. */
#include "proof.h"

enum { SIZE = RECORD_HEADER_SIZE + VCPUS * RECORD_VCPU_SIZE };

static void check_restored(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < VCPUS; i++) {
        uint64_t word = vpsci__load(&vcpus(i).word);

        check(vpsci__state_of(word) < VPSCI__SAVED_COUNT, "no vCPU is in a step of a call");
        count += !vpsci__is_off(word);
    }
    check(vpsci_on_count(&vm) == count, "the census counts the vCPUs that are not off");
    check(vpsci__journal_of(vpsci__load(&vm.census)) == VPSCI__NOBODY, "the journal is empty");
    check(vpsci__version_known(vpsci_version(&vm)), "the version exists");
    check(vpsci__load(&vm.resident) < VCPUS, "the Trusted OS is on a core");
}

/* The state before it is any at all, with no vCPU in a step of a call. */
void prove_restore(void)
{
    uint8_t bytes[SIZE + 1];
    size_t size = nondet_u64();
    int error;

    any_vm();
    remember();
    assume(size <= sizeof(bytes));
    error = vpsci_restore(&vm, bytes, size);
    reach(error == VPSCI_E_IMPOSSIBLE, "a state that cannot be");
    reach(error == 0 && state_of(0) == VPSCI_STATE_ASKING, "a CPU_ON is undecided");
    reach(error == 0 && state_of(VCPUS - 1) == VPSCI_STATE_POWERDOWN, "a core sleeps");
    if (error) {
        check(error <= VPSCI_E_TRUNCATED && error >= VPSCI_E_IMPOSSIBLE, "result");
        check_same();
    } else {
        check_restored();
    }
}
