/* SPDX-License-Identifier: BSD-2-Clause */
/* MIGRATE (DEN0022 5.8) and MEM_PROTECT. */
#include "proof.h"

static int64_t expected_migrate(const struct vpsci_vcpu *target)
{
    if (vm.config.trusted_os != VPSCI_TRUSTED_OS_MIGRATABLE) {
        return VPSCI_DENIED;
    }
    if (vpsci__load(&vm.resident) != caller) {
        return VPSCI_NOT_PRESENT;
    }
    return target ? VPSCI_SUCCESS : VPSCI_INVALID_PARAMETERS;
}

void prove_migrate(void)
{
    struct vpsci_vcpu *target;
    int64_t expected;
    int64_t result;

    any_world();
    assume(vm.has & VPSCI__HAS_RESIDENT);
    any_call(VPSCI_FN_MIGRATE);
    target = vpsci__target(&vm, arg(0));
    expected = expected_migrate(target);
    result = vpsci__migrate(&call);
    if (expected != VPSCI_SUCCESS) {
        check_refused(result, expected);
        return;
    }
    reach(target != call.vcpu, "to another core");
    check_wait(VPSCI_WAIT_ANSWER);
    check(out.request.function == VPSCI_FN_MIGRATE && out.request.vcpu == call.vcpu &&
              out.request.target == target,
          "request");
    check(state_of(caller) == VPSCI_STATE_ASKING, "the caller waits");
    check_vm_same(0);
    check_others_same(caller, NOBODY);
    check_state();
}

void prove_mem_protect(void)
{
    int64_t result;

    any_world();
    assume(vm.has & VPSCI_CAP_MEM_PROTECT);
    any_call(VPSCI_FN_MEM_PROTECT);
    result = vpsci__mem_protect(&call);
    reach(result == 1 && !vpsci_mem_protect(&vm), "it is turned off");
    check(result == (vpsci_mem_protect(&old.vm) ? 1 : 0), "result: as it was");
    check(vpsci_mem_protect(&vm) == (arg(0) != 0), "it is as asked");
    check(out.action == VPSCI_RETURN, "outcome");
    check_vm_same(PROTECT);
    check_others_same(NOBODY, NOBODY);
    check_state();
}
