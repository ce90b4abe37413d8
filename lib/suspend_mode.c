/* SPDX-License-Identifier: BSD-2-Clause */
/* Who decides up to which level CPU_SUSPEND goes: PSCI_SET_SUSPEND_MODE. */
#include "internal.h"

/* Notes that CPU_SUSPEND was called in this mode, after which PSCI_SET_SUSPEND_MODE does not change
 * it while this core is on (DEN0022 5.20). False if the mode has changed since it was read. Race: a
 * record that is saved right now may have the note but not yet the sleep; after a restore the mode
 * then stays as it is, which is harmless. */
static bool note_mode_use(struct vpsci_vm *vm, uint64_t mode)
{
    uint64_t system = vpsci__load(&vm->system);

    while ((system & VPSCI__OS_INITIATED) == mode) {
        if ((system & VPSCI__MODE_USED) ||
            vpsci__swap(&vm->system, &system, system | VPSCI__MODE_USED)) {
            return true;
        }
    }
    return false;
}

/* May the vCPU go into this state in the VM's present mode? */
int vpsci__permit_suspend(struct vpsci__invocation *call, uint32_t state_index)
{
    uint64_t mode;
    int result;

    do {
        mode = vpsci__load(&call->vm->system) & VPSCI__OS_INITIATED;
        result = mode ? vpsci__os_may(call->vcpu, state_index) : VPSCI_SUCCESS;
    } while (result == VPSCI_SUCCESS && !note_mode_use(call->vm, mode));
    return result;
}

/* DEN0022 5.20: to OS-initiated only while no core has suspended in the other mode, back only by
 * the last core that is on. Race: only the host could turn on another core in between, since the
 * one that could call CPU_ON is here. */
int64_t vpsci__set_suspend_mode(struct vpsci__invocation *call)
{
    struct vpsci_vm *vm = call->vm;
    uint64_t system = vpsci__load(&vm->system);
    bool wanted = vpsci__arg(call, 0) == VPSCI_SUSPEND_MODE_OS_INITIATED;

    if (vpsci__arg(call, 0) > VPSCI_SUSPEND_MODE_OS_INITIATED) {
        return VPSCI_INVALID_PARAMETERS;
    }
    while (wanted != ((system & VPSCI__OS_INITIATED) != 0)) {
        if (wanted ? (system & VPSCI__MODE_USED) != 0 : vpsci_on_count(vm) != 1) {
            return VPSCI_DENIED;
        }
        if (vpsci__swap(&vm->system, &system, (system ^ VPSCI__OS_INITIATED) & ~VPSCI__MODE_USED)) {
            break;
        }
    }
    return VPSCI_SUCCESS;
}
