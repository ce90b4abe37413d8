/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host decides: requests, and the answers to them. */
#include "internal.h"

static bool is_asking(uint64_t word)
{
    return vpsci__state_of(word) == VPSCI__ASKING || vpsci__state_of(word) == VPSCI__SUSPEND_ASKED;
}

static void describe_request(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu,
                             struct vpsci_request *request)
{
    uint64_t form = vpsci__load(&vcpu->form);
    const struct vpsci_vcpu *payload = vcpu;

    *request = (struct vpsci_request){
        .pending = true,
        .function = (enum vpsci_function)(form & 0xff),
        .vcpu = vpsci__vcpu(vm, vcpu->index),
    };
    switch (request->function) {
    case VPSCI_FN_CPU_ON:
        payload = request->target = vpsci__vcpu(vm, (uint32_t)(form >> 16));
        break;
    case VPSCI_FN_MIGRATE:
        request->target = vpsci__vcpu(vm, (uint32_t)(form >> 16));
        return;
    case VPSCI_FN_SYSTEM_SUSPEND:
        break;
    default:
        request->type = (uint32_t)vpsci__load(&vcpu->entry);
        request->cookie = vpsci__load(&vcpu->context);
        return;
    }
    request->entry.value = vpsci__load(&payload->entry);
    request->context = vpsci__load(&payload->context);
}

/* The request of a vCPU; if `stops`, only one that stops the system. Race: another thread may
 * answer it meanwhile. What was read is used only if the word is the same afterwards. */
void vpsci__request(const struct vpsci_vcpu *vcpu, bool stops, struct vpsci_request *request)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t word;

    do {
        word = vpsci__load(&vcpu->word);
        request->pending = false;
        if (vpsci__is_actor(vpsci__load(&vm->system), vcpu->index) || (!stops && is_asking(word))) {
            describe_request(vm, vcpu, request);
        }
    } while (vpsci__load(&vcpu->word) != word);
}

bool vpsci_pending_request(struct vpsci_vcpu *vcpu, struct vpsci_request *request)
{
    vpsci__request(vcpu, false, request);
    return request->pending;
}

/* Honours or refuses the CPU_ON that the vCPU asks for. Race: none. While it is decided, only this
 * function changes the target: STARTING keeps out another CPU_ON and vpsci_mp_state_set(). */
static void answer_cpu_on(struct vpsci_vm *vm, struct vpsci_vcpu *target, int result)
{
    uint64_t word = vpsci__load(&target->word);
    enum vpsci__state off = vpsci__off_of(word);

    if (result == VPSCI_SUCCESS) {
        vpsci__store(&target->word, vpsci__to(word, VPSCI__PENDING));
        return;
    }
    vpsci__store(&target->word, vpsci__to(word, off));
    vpsci__add(&vm->census, UINT64_MAX);
}

/* The caller's word changes last, so that it cannot continue before its target has changed. */
static int answer_asking(struct vpsci_vm *vm, struct vpsci_vcpu *vcpu, uint64_t word, int result)
{
    uint64_t form = vpsci__load(&vcpu->form);
    uint32_t target = (uint32_t)(form >> 16);

    /* Race: of two threads that answer at the same time, one succeeds. */
    if (!vpsci__swap(&vcpu->word, &word, vpsci__to(word, VPSCI__ANSWERING))) {
        return VPSCI_E_STATE;
    }
    if ((form & 0xff) == VPSCI_FN_CPU_ON) {
        answer_cpu_on(vm, vpsci__vcpu(vm, target), result);
    } else if (result == VPSCI_SUCCESS) {
        vpsci__store(&vm->resident, target);
    }
    vpsci__store(&vcpu->word, vpsci__to_returning(word, result) + VPSCI__CHANGE);
    return 0;
}

/* Race: a wake that comes while this is decided stays in the word, and ends the sleep at once. */
static int answer_suspend(struct vpsci_vcpu *vcpu, uint64_t word, int result)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);

    while (vpsci__state_of(word) == VPSCI__SUSPEND_ASKED) {
        if (result != VPSCI_SUCCESS) {
            if (vpsci__swap(&vcpu->word, &word, vpsci__to_returning(word, result))) {
                return 0;
            }
        } else if (vpsci__swap(&vcpu->word, &word,
                               vpsci__to(word, VPSCI__HONOURING) | (word & VPSCI__WAKE))) {
            word = vpsci__load(&vcpu->word);
            vpsci__stat_enter(vm, vcpu->index, 0, vpsci__core_state(vm, word));
            vpsci__went_down(vcpu, word, false);
            while (!vpsci__swap(&vcpu->word, &word,
                                vpsci__to(word, VPSCI__SUSPENDED) | (word & VPSCI__WAKE))) {
            }
            return 0;
        }
    }
    return VPSCI_E_STATE;
}

/* SYSTEM_OFF and its like. Race: of two threads that answer, the one that sets STOP_ANSWERED
 * succeeds. It writes the result into the caller's word, and after that lets the vCPUs continue. */
static int answer_stop(struct vpsci_vm *vm, struct vpsci_vcpu *vcpu, uint64_t system, int result)
{
    while (vpsci__is_actor(system, vcpu->index)) {
        if (vpsci__swap(&vm->system, &system,
                        vpsci__with_stage(system, VPSCI__STOP_ANSWERED, vcpu->index))) {
            if (result != VPSCI_SUCCESS) {
                vpsci__store(&vcpu->word, vpsci__to_returning(vpsci__load(&vcpu->word), result));
            } else if ((vpsci__load(&vcpu->form) & 0xff) == VPSCI_FN_SYSTEM_RESET2) {
                vpsci__store(&vm->protect, 0);
            }
            system = vpsci__load(&vm->system);
            while (!vpsci__swap(&vm->system, &system,
                                vpsci__with_stage(system, result ? VPSCI__RUNNING : VPSCI__STOPPED,
                                                  VPSCI__NOBODY))) {
            }
            return 0;
        }
    }
    return VPSCI_E_STATE;
}

int vpsci_answer(struct vpsci_vcpu *vcpu, enum vpsci_result result)
{
    struct vpsci_vm *vm = vpsci__vm(vcpu);
    uint64_t system = vpsci__load(&vm->system);
    uint64_t word = vpsci__load(&vcpu->word);

    if ((int)result > VPSCI_SUCCESS || (int)result < VPSCI_INVALID_ADDRESS) {
        return VPSCI_E_ARGUMENT;
    }
    switch (vpsci__state_of(word)) {
    case VPSCI__ASKING:
        return answer_asking(vm, vcpu, word, (int)result);
    case VPSCI__SUSPEND_ASKED:
        return answer_suspend(vcpu, word, (int)result);
    default:
        return answer_stop(vm, vcpu, system, (int)result);
    }
}
