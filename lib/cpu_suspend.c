/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_SUSPEND and CPU_DEFAULT_SUSPEND. */
#include "internal.h"

/* Puts the caller to sleep. Race: vpsci_wake() may come as soon as the word says that it sleeps.
 * The swap below keeps such a wake, and vpsci_next() then ends the sleep. */
static int64_t fall_asleep(struct vpsci__invocation *call, enum vpsci__state state,
                           uint32_t state_index)
{
    struct vpsci_vcpu *vcpu = call->vcpu;
    uint64_t next = vpsci__with_detail(vpsci__to(vpsci__load(&vcpu->word), state), state_index);

    if (call->function == VPSCI_FN_CPU_SUSPEND && vpsci__stays_counted(call->vm, state_index)) {
        next |= VPSCI__COUNTED;
    }
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
    result = vpsci__permit_suspend(call, state_index);
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
