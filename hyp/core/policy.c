/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include "events.h"
#include "kick.h"

/* The requests that stop the whole system until they are answered. */
static bool policy_stops(enum vpsci_function function)
{
    return function != VPSCI_FN_SYSTEM_SUSPEND && function != VPSCI_FN_CPU_ON &&
           function != VPSCI_FN_MIGRATE;
}

static bool policy_ends(enum vpsci_function function)
{
    return function == VPSCI_FN_SYSTEM_OFF || function == VPSCI_FN_SYSTEM_OFF2;
}

/* Its cores stop, each on its own (system.h). With the VM's lock. */
static void policy_stop(struct vm *vm, bool ends)
{
    vm->system.life = SYSTEM_COMING;
    vm->system.round++;
    vm->system.count = 0;
    vm->system.ends = ends;
}

/*
 * With the VM's lock: the library may not be inside an answer when the last core of a stopped VM
 * resets it. The library's word changes first, so that no core of a VM that has stopped is told to run.
 */
static int policy_settle(struct vcpu *vcpu, enum vpsci_result result, struct vpsci_request *request)
{
    if (vcpu->vm->system.life != SYSTEM_RUNNING || !vpsci_pending_request(vcpu->psci, request)) {
        return VPSCI_E_STATE;
    }
    events_settle(vcpu); /* before the answer: afterwards its next request may come */
    int error = vpsci_answer(vcpu->psci, result);
    if (error == 0 && result == VPSCI_SUCCESS && policy_stops(request->function)) {
        policy_stop(vcpu->vm, policy_ends(request->function));
    }
    return error;
}

/* Those that wait for the answer: the caller, the target of a CPU_ON, or all cores that stop. A core
 * that answers itself asks the library next anyway. */
static void policy_kick(const struct vcpu *vcpu, enum vpsci_function function)
{
    if (function != VPSCI_FN_SYSTEM_SUSPEND) {
        kick_vm(vcpu->vm);
    } else if (vcpu->core != arch_core()) {
        arch_kick(vcpu->core);
    }
}

bool policy_request(struct vcpu *vcpu, struct vpsci_request *request)
{
    arch_lock(&vcpu->vm->lock);
    bool is_there =
        vcpu->vm->system.life == SYSTEM_RUNNING && vpsci_pending_request(vcpu->psci, request);
    arch_unlock(&vcpu->vm->lock);
    return is_there;
}

int policy_answer(struct vcpu *vcpu, enum vpsci_result result)
{
    struct vpsci_request request = {.function = VPSCI_FN_SYSTEM_SUSPEND};

    arch_lock(&vcpu->vm->lock);
    int error = policy_settle(vcpu, result, &request);
    arch_unlock(&vcpu->vm->lock);
    policy_kick(vcpu, request.function);
    return error;
}

static enum vpsci_result policy_alone(const struct vm *vm, enum vpsci_function function)
{
    bool may_sleep = vm->suspend_policy == VM_POLICY_HONOUR || vm->is_control;

    return function == VPSCI_FN_SYSTEM_SUSPEND && !may_sleep ? VPSCI_DENIED : VPSCI_SUCCESS;
}

void policy_decide(struct vcpu *vcpu, const struct vpsci_request *request)
{
    const struct vm *vm = vcpu->vm;

    if (policy_stops(request->function)) {
        kick_vm(vm);
    }
    if (vm->suspend_policy == VM_POLICY_CONTROL && !vm->is_control &&
        events_post(vcpu, EVENTS_REQUEST)) {
        return;
    }
    policy_answer(vcpu, policy_alone(vm, request->function));
}

void policy_take_over(void)
{
    uint32_t open = events_close();

    for (unsigned core = 0; core < CORE_MAX; core++) {
        struct vcpu *vcpu = (open >> core & 1) != 0 ? vcpu_of_core(core) : NULL;
        struct vpsci_request request;
        if (vcpu != NULL && policy_request(vcpu, &request)) {
            policy_answer(vcpu, policy_alone(vcpu->vm, request.function));
        }
    }
}
