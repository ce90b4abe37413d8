/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_SUSPEND, CPU_DEFAULT_SUSPEND and PSCI_SET_SUSPEND_MODE. */
#include "internal.h"

/* Puts the caller to sleep. A wake that comes while its domains are brought up to it is kept. */
static int64_t fall_asleep(struct vpsci__invocation *call, enum vpsci__state state, uint32_t entry)
{
    struct vpsci_vcpu *vcpu = call->vcpu;
    uint64_t next = vpsci__with_slot(vpsci__to(vpsci__load(&vcpu->word), state), entry);

    if (vpsci__accounts(call->vm)) {
        vpsci__store(&vcpu->word, next | VPSCI__UNSETTLED);
        vpsci__went_down(vcpu, true);
        next = vpsci__load(&vcpu->word);
        while (!vpsci__swap(&vcpu->word, &next, next & ~VPSCI__UNSETTLED)) {
        }
    } else {
        vpsci__store(&vcpu->word, next);
    }
    return vpsci__wait(call, state == VPSCI__STANDBY ? VPSCI_WAIT_STANDBY : VPSCI_WAIT_POWERDOWN);
}

/* PSCI_SET_SUSPEND_MODE wants to know (DEN0022 5.20): from here on the mode stays while this core
 * is on. False if it has changed since it was looked at. That a record saved right now has the note
 * before the sleep can at most make the mode stay as it is. */
static bool note_use(struct vpsci_vm *vm, uint64_t mode)
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

/* May the vCPU go into this state, in whichever mode the VM is? */
static int permit(struct vpsci__invocation *call, uint32_t entry)
{
    uint64_t mode;
    int result;

    do {
        mode = vpsci__load(&call->vm->system) & VPSCI__OS_INITIATED;
        result = mode ? vpsci__os_may(call->vcpu, entry) : VPSCI_SUCCESS;
    } while (result == VPSCI_SUCCESS && !note_use(call->vm, mode));
    return result;
}

int64_t vpsci__cpu_suspend(struct vpsci__invocation *call)
{
    struct vpsci_vm *vm = call->vm;
    struct vpsci__start start;
    uint32_t entry = vpsci__entry_of(vm, (uint32_t)call->args[0]);
    bool powerdown;
    int result;

    if (entry == VPSCI_NO_STATE) {
        return VPSCI_INVALID_PARAMETERS;
    }
    powerdown = vpsci__is_powerdown(vm, entry);
    if (powerdown && !vpsci__start_read(call, call->args[1], call->args[2], &start)) {
        return VPSCI_INVALID_ADDRESS;
    }
    result = permit(call, entry);
    if (result) {
        return result;
    }
    if (powerdown) {
        vpsci__start_write(call->vcpu, &start);
    }
    return fall_asleep(call, powerdown ? VPSCI__POWERDOWN : VPSCI__STANDBY, entry);
}

/* The firmware chooses the state: the deepest of the core. */
int64_t vpsci__cpu_default_suspend(struct vpsci__invocation *call)
{
    struct vpsci__start start;

    if (!vpsci__start_read(call, call->args[0], call->args[1], &start)) {
        return VPSCI_INVALID_ADDRESS;
    }
    vpsci__start_write(call->vcpu, &start);
    return fall_asleep(call, VPSCI__POWERDOWN, call->vm->deepest[0]);
}

/* DEN0022 5.20: to OS-initiated only while nobody has suspended under the other mode, back only by
 * the last core that is on; nobody but itself could then turn another one on. */
int64_t vpsci__set_suspend_mode(struct vpsci__invocation *call)
{
    struct vpsci_vm *vm = call->vm;
    uint64_t system = vpsci__load(&vm->system);
    bool wanted = call->args[0] == 1;

    if (call->args[0] > 1) {
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
