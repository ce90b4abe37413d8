/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_OFF (DEN0022 5.5) and CPU_FREEZE. */
#include "proof.h"

static void check_off(int64_t result, enum vpsci_state off, enum vpsci_wait wait)
{
    bool resides = (vm.has & VPSCI__HAS_RESIDENT) && vpsci__load(&old.vm.resident) == caller;

    reach(resides, "the Trusted OS is here");
    reach(!resides && vpsci_on_count(&vm) == 0, "the last core goes off");
    reach(!resides && vpsci_on_count(&vm) == VCPUS - 1, "a core goes off while all others are on");
    if (resides) {
        check_refused(result, VPSCI_DENIED);
        return;
    }
    check_wait(wait);
    check(state_of(caller) == off, "the caller is off");
    if (!(vpsci__load(&vm.system) & VPSCI__OS_INITIATED)) {
        check_agreed();
    }
    check_vm_same(CENSUS);
    check_others_same(caller, NOBODY);
    check_state();
}

void prove_cpu_off(void)
{
    any_world();
    any_call(VPSCI_FN_CPU_OFF);
    check_off(vpsci__cpu_off(&call), VPSCI_STATE_OFF, VPSCI_WAIT_OFF);
}

void prove_cpu_freeze(void)
{
    any_world();
    assume(vm.has & VPSCI_CAP_CPU_FREEZE);
    any_call(VPSCI_FN_CPU_FREEZE);
    check_off(vpsci__cpu_freeze(&call), VPSCI_STATE_FROZEN, VPSCI_WAIT_FROZEN);
}
