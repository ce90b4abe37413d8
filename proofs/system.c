/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2, SYSTEM_OFF2 and SYSTEM_SUSPEND (DEN0022 5.11 to 5.19). */
#include "proof.h"

/* The system stops with this request, if it was not stopping already. */
static void check_stopped(enum vpsci_function function, uint32_t type, uint64_t cookie)
{
    bool first = vpsci_system_state(&old.vm) == VPSCI_SYSTEM_RUNNING;

    reach(first, "the call stops the system");
    reach(!first, "it comes while another stops it");
    check(out.action == VPSCI_WAIT && out.wait == VPSCI_WAIT_STOPPED, "outcome: wait");
    check(out.request.pending == first, "outcome: request");
    if (first) {
        check(out.request.function == function && out.request.vcpu == call.vcpu, "request: call");
        check(out.request.type == type && out.request.cookie == cookie, "request: arguments");
        check(vpsci_system_state(&vm) == VPSCI_SYSTEM_STOPPING, "the system stops");
    } else {
        check_vm_same(0);
    }
    check_vm_same(SYSTEM);
    check_others_same(caller, NOBODY);
    check_state();
}

void prove_system_off(void)
{
    any_world();
    any_call(VPSCI_FN_SYSTEM_OFF);
    (void)vpsci__system_off(&call);
    check_stopped(VPSCI_FN_SYSTEM_OFF, 0, 0);
}

void prove_system_reset(void)
{
    any_world();
    any_call(VPSCI_FN_SYSTEM_RESET);
    (void)vpsci__system_reset(&call);
    check_stopped(VPSCI_FN_SYSTEM_RESET, 0, 0);
}

void prove_system_reset2(void)
{
    int64_t result;
    uint32_t type;
    bool vendor;

    any_world();
    assume(vm.has & VPSCI_CAP_SYSTEM_RESET2);
    any_call(VPSCI_FN_SYSTEM_RESET2);
    type = (uint32_t)arg(0);
    vendor = (type & VPSCI_RESET2_VENDOR) != 0;
    result = vpsci__system_reset2(&call);
    if ((vendor && !(vm.has & VPSCI_CAP_VENDOR_RESET)) || (!vendor && type != VPSCI_RESET2_WARM)) {
        check_refused(result, VPSCI_INVALID_PARAMETERS);
        return;
    }
    reach(vendor, "a vendor's reset");
    check_stopped(VPSCI_FN_SYSTEM_RESET2, type, arg(1));
}

void prove_system_off2(void)
{
    int64_t result;

    any_world();
    assume(vm.has & VPSCI_CAP_SYSTEM_OFF2);
    any_call(VPSCI_FN_SYSTEM_OFF2);
    result = vpsci__system_off2(&call);
    if ((uint32_t)arg(0) > VPSCI_OFF2_HIBERNATE_OFF || arg(1) != 0) {
        check_refused(result, VPSCI_INVALID_PARAMETERS);
        return;
    }
    check_stopped(VPSCI_FN_SYSTEM_OFF2, VPSCI_OFF2_HIBERNATE_OFF, 0);
}

/* 5.19: DENIED comes before INVALID_ADDRESS. */
void prove_system_suspend(void)
{
    int64_t result;

    any_world();
    assume(vm.has & VPSCI_CAP_SYSTEM_SUSPEND);
    any_call(VPSCI_FN_SYSTEM_SUSPEND);
    result = vpsci__system_suspend(&call);
    for (uint32_t i = 0; i < VCPUS; i++) {
        if (i != caller && old.states[i] > VPSCI_STATE_FROZEN) {
            check_refused(result, VPSCI_DENIED);
            return;
        }
    }
    if (!is_entry(arg(0))) {
        check_refused(result, VPSCI_INVALID_ADDRESS);
        return;
    }
    reach(guest.big_endian, "a big-endian core asks");
    check_wait(VPSCI_WAIT_ANSWER);
    check(out.request.function == VPSCI_FN_SYSTEM_SUSPEND && out.request.vcpu == call.vcpu,
          "request: call");
    check(out.request.context == arg(1), "request: context");
    check(state_of(caller) == VPSCI_STATE_SUSPEND_REQUESTED, "the caller waits");
    check_entry(call.vcpu, arg(0), arg(1));
    check_vm_same(0);
    check_others_same(caller, NOBODY);
    check_state();
}
