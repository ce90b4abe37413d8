/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_SUSPEND, CPU_DEFAULT_SUSPEND and PSCI_SET_SUSPEND_MODE. */
#include "internal.h"

/* Puts the caller to sleep. Race: vpsci_wake() may come as soon as the word says that it sleeps.
 * The swap below keeps such a wake, and vpsci_next() then ends the sleep. */
static int64_t fall_asleep(struct vpsci__invocation *call, enum vpsci__state state,
                           uint32_t state_index)
{
    struct vpsci_vcpu *vcpu = call->vcpu;
    uint64_t next = vpsci__with_detail(vpsci__to(vpsci__load(&vcpu->word), state), state_index);

    if (vpsci__accounts(call->vm)) {
        vpsci__store(&vcpu->word, next | VPSCI__UNSETTLED);
        vpsci__stat_enter(call->vm, vcpu->index, 0, vpsci__core_state(call->vm, next));
        vpsci__went_down(vcpu, next, true);
        next = vpsci__load(&vcpu->word);
        while (!vpsci__swap(&vcpu->word, &next, next & ~VPSCI__UNSETTLED)) {
        }
    } else {
        vpsci__store(&vcpu->word, next);
    }
    return vpsci__wait(call, state == VPSCI__STANDBY ? VPSCI_WAIT_STANDBY : VPSCI_WAIT_POWERDOWN);
}

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
static int permit_suspend(struct vpsci__invocation *call, uint32_t state_index)
{
    uint64_t mode;
    int result;

    do {
        mode = vpsci__load(&call->vm->system) & VPSCI__OS_INITIATED;
        result = mode ? vpsci__os_may(call->vcpu, state_index) : VPSCI_SUCCESS;
    } while (result == VPSCI_SUCCESS && !note_mode_use(call->vm, mode));
    return result;
}

int64_t vpsci__cpu_suspend(struct vpsci__invocation *call)
{
    struct vpsci_vm *vm = call->vm;
    uint32_t state_index = vpsci__state_index(vm, (uint32_t)vpsci__arg(call, 0));
    bool powerdown;
    int result;

    if (state_index == VPSCI_NO_STATE) {
        return VPSCI_INVALID_PARAMETERS;
    }
    powerdown = vpsci__is_powerdown(vm, state_index);
    if (powerdown && !vpsci__entry_is_valid(call, 1)) {
        return VPSCI_INVALID_ADDRESS;
    }
    result = permit_suspend(call, state_index);
    if (result) {
        return result;
    }
    if (powerdown) {
        vpsci__entry_write(call, 1, call->vcpu);
    }
    return fall_asleep(call, powerdown ? VPSCI__POWERDOWN : VPSCI__STANDBY, state_index);
}

/* The firmware chooses the state: the deepest of the core. */
int64_t vpsci__cpu_default_suspend(struct vpsci__invocation *call)
{
    if (!vpsci__entry_is_valid(call, 0)) {
        return VPSCI_INVALID_ADDRESS;
    }
    vpsci__entry_write(call, 0, call->vcpu);
    return fall_asleep(call, VPSCI__POWERDOWN, call->vm->deepest[0]);
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
