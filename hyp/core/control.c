/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include "events.h"
#include "policy.h"
#include "system.h"

/* Arguments name a vCPU as events do: the VM's number in bits 15:0, the vCPU's in bits 31:16. */
static uint64_t control_name(const struct vcpu *vcpu)
{
    return vcpu->vm->index | (uint64_t)vcpu->index << 16;
}

static struct vm *control_vm(uint64_t number)
{
    return number < vm_count ? &vms[number] : NULL;
}

static struct vcpu *control_vcpu(uint64_t name)
{
    struct vm *vm = control_vm(name & 0xffff);
    uint64_t index = name >> 16;

    return vm != NULL && index < vm->vcpu_count ? &vm->vcpus[index] : NULL;
}

static void control_tell(uint64_t *x, const struct vcpu *vcpu, enum events_kind kind,
                         const struct vpsci_request *request)
{
    bool is_request = kind == EVENTS_REQUEST;
    bool is_suspend = is_request && request->function == VPSCI_FN_SYSTEM_SUSPEND;

    x[0] = kind;
    x[1] = control_name(vcpu);
    x[2] = is_request ? request->function : 0;
    x[3] = 0;
    if (is_suspend) {
        x[3] = request->entry.value;
    } else if (is_request) {
        x[3] = request->type;
    }
}

static int64_t control_next_event(uint64_t *x)
{
    struct vpsci_request request;
    enum events_kind kind;
    struct vcpu *vcpu;

    for (unsigned i = 0; i < 2 * CORE_MAX; i++) {
        vcpu = events_next(&kind);
        if (vcpu == NULL) {
            break;
        }
        if (kind == EVENTS_WAKE || policy_request(vcpu, &request)) {
            control_tell(x, vcpu, kind, &request);
            return kind;
        }
    }
    return EVENTS_NONE;
}

static int64_t control_result(int error)
{
    if (error == VPSCI_E_ARGUMENT || error == VPSCI_E_VERSION) {
        return CONTROL_E_ARGUMENT;
    }
    if (error == VPSCI_E_BUSY) {
        return CONTROL_E_BUSY;
    }
    return error == 0 ? 0 : CONTROL_E_STATE;
}

static int64_t control_answer(uint64_t *x)
{
    struct vcpu *vcpu = control_vcpu(x[1]);
    int64_t result = (int64_t)x[2];

    if (vcpu == NULL || result > VPSCI_SUCCESS || result < VPSCI_INVALID_ADDRESS) {
        return CONTROL_E_ARGUMENT;
    }
    return control_result(policy_answer(vcpu, (enum vpsci_result)result));
}

/* While it changes, the library may be inside vpsci_reset(), which nothing else may be beside. */
static enum control_life control_life(const struct vm *vm)
{
    switch (vm->system.life) {
    case SYSTEM_HELD:
        return CONTROL_LIFE_HELD;
    case SYSTEM_ENDED:
        return CONTROL_LIFE_OFF;
    case SYSTEM_RUNNING:
        return CONTROL_LIFE_RUNS;
    default:
        return CONTROL_LIFE_CHANGES;
    }
}

static int64_t control_get_mp_state(uint64_t *x)
{
    struct vcpu *vcpu = control_vcpu(x[1]);
    int64_t result = CONTROL_E_BUSY;

    if (vcpu == NULL) {
        return CONTROL_E_ARGUMENT;
    }
    arch_lock(&vcpu->vm->lock);
    if (control_life(vcpu->vm) != CONTROL_LIFE_CHANGES) {
        x[1] = vpsci_mp_state_get(vcpu->psci);
        result = 0;
    }
    arch_unlock(&vcpu->vm->lock);
    return result;
}

/* With the VM's lock. A vCPU that was off has registers only if its VM has not run yet. */
static int64_t control_put_mp_state(struct vcpu *vcpu, enum vpsci_mp_state state)
{
    const struct vm *vm = vcpu->vm;
    bool is_held = vm->system.life == SYSTEM_HELD;
    bool has_registers = is_held && vcpu->index == vm->psci_config.boot_vcpu;

    if (!is_held && (vm->system.life != SYSTEM_RUNNING || !vcpu->system.is_parked)) {
        return CONTROL_E_BUSY;
    }
    if (state != VPSCI_MP_STOPPED && !has_registers &&
        vpsci_mp_state_get(vcpu->psci) == VPSCI_MP_STOPPED) {
        return CONTROL_E_STATE;
    }
    return control_result(vpsci_mp_state_set(vcpu->psci, state));
}

static int64_t control_set_mp_state(uint64_t *x)
{
    struct vcpu *vcpu = control_vcpu(x[1]);

    if (vcpu == NULL || x[2] > VPSCI_MP_SUSPENDED) {
        return CONTROL_E_ARGUMENT;
    }
    arch_lock(&vcpu->vm->lock);
    int64_t result = control_put_mp_state(vcpu, (enum vpsci_mp_state)x[2]);
    arch_unlock(&vcpu->vm->lock);
    arch_kick(vcpu->core);
    return result;
}

static int64_t control_wake(uint64_t *x)
{
    struct vcpu *vcpu = control_vcpu(x[1]);
    bool is_woken = false;

    if (vcpu == NULL) {
        return CONTROL_E_ARGUMENT;
    }
    arch_lock(&vcpu->vm->lock);
    if (vcpu->vm->system.life == SYSTEM_RUNNING) {
        is_woken = vpsci_wake(vcpu->psci);
    }
    arch_unlock(&vcpu->vm->lock);
    if (is_woken) {
        arch_kick(vcpu->core);
    }
    x[1] = is_woken;
    return 0;
}

static int64_t control_get_version(uint64_t *x)
{
    struct vm *vm = control_vm(x[1]);
    int64_t result = CONTROL_E_BUSY;

    if (vm == NULL) {
        return CONTROL_E_ARGUMENT;
    }
    arch_lock(&vm->lock);
    if (control_life(vm) != CONTROL_LIFE_CHANGES) {
        x[1] = vpsci_version(vm->psci);
        result = 0;
    }
    arch_unlock(&vm->lock);
    return result;
}

/* A guest may rely on the version that it has read, so only before it runs. */
static int64_t control_set_version(uint64_t *x)
{
    struct vm *vm = control_vm(x[1]);
    int64_t result = CONTROL_E_STATE;

    if (vm == NULL || x[2] > UINT32_MAX) {
        return CONTROL_E_ARGUMENT;
    }
    arch_lock(&vm->lock);
    if (vm->system.life == SYSTEM_HELD || vm->system.life == SYSTEM_ENDED) {
        result = control_result(vpsci_version_set(vm->psci, (uint32_t)x[2]));
    }
    arch_unlock(&vm->lock);
    return result;
}

static int64_t control_start(uint64_t *x)
{
    struct vm *vm = control_vm(x[1]);

    if (vm == NULL) {
        return CONTROL_E_ARGUMENT;
    }
    return system_start(vm) ? 0 : CONTROL_E_STATE;
}

static int64_t control_info(uint64_t *x)
{
    struct vm *vm = control_vm(x[1]);

    if (vm == NULL) {
        return CONTROL_E_ARGUMENT;
    }
    arch_lock(&vm->lock);
    x[1] = control_life(vm);
    x[2] = vm->vcpu_count;
    x[3] = vm->system.starts;
    arch_unlock(&vm->lock);
    return 0;
}

/* A UUID, its first byte the lowest one of x0 (DEN0028, 6.2). */
static int64_t control_uid(uint64_t *x)
{
    static const uint32_t words[4] = {0x51c4e0d6, 0x4a3f7b92, 0x0d9e2c8a, 0x37f16b5e};

    for (unsigned i = 1; i < 4; i++) {
        x[i] = words[i];
    }
    return words[0];
}

static int64_t control_revision(uint64_t *x)
{
    x[1] = CONTROL_REVISION & 0xffff;
    return CONTROL_REVISION >> 16;
}

static int64_t (*const control_calls[CONTROL_COUNT])(uint64_t *x) = {
    [CONTROL_NEXT_EVENT] = control_next_event,
    [CONTROL_ANSWER] = control_answer,
    [CONTROL_GET_MP_STATE] = control_get_mp_state,
    [CONTROL_SET_MP_STATE] = control_set_mp_state,
    [CONTROL_WAKE] = control_wake,
    [CONTROL_GET_VERSION] = control_get_version,
    [CONTROL_SET_VERSION] = control_set_version,
    [CONTROL_START] = control_start,
    [CONTROL_INFO] = control_info,
};

bool control_call(struct vcpu *vcpu)
{
    uint64_t *x = vcpu->frame.x;
    uint32_t id = (uint32_t)x[0];
    int64_t (*call)(uint64_t *x) = NULL;

    if (id - CONTROL_FID < CONTROL_COUNT) {
        call = control_calls[id - CONTROL_FID];
    } else if (id == CONTROL_FID_UID) {
        call = control_uid;
    } else if (id == CONTROL_FID_REVISION) {
        call = control_revision;
    }
    if (call == NULL) {
        return false;
    }
    x[0] = (uint64_t)call(x);
    return true;
}
