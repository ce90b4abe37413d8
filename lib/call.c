/* SPDX-License-Identifier: BSD-2-Clause */
/* From a guest's registers to a function, and back. */
#include "internal.h"

struct function {
    int64_t (*handler)(struct vpsci__invocation *call);
    uint32_t needs;
    uint8_t words;
};

#define FUNCTION(name, handler, widths, since, arguments, words, starts, needs)                    \
    [VPSCI_FN_##name] = {vpsci__##handler, needs, words},
static const struct function functions[] = {
#include "functions.def"
};

/* Is the function of this ID offered to this caller? */
static bool is_offered(const struct vpsci__invocation *call, uint32_t id)
{
    uint64_t offers = vpsci__load(&call->vm->offers);
    uint32_t number = id & (VPSCI_FID_COUNT - 1);

    if (call->call->aarch32) {
        offers &= UINT32_MAX;
    }
    return vpsci__is_psci_id(id) && (offers >> (id & VPSCI_FID_BIT_64 ? 32 + number : number) & 1);
}

static uint64_t narrow_argument(uint64_t argument, bool is_word)
{
    return argument & (is_word ? UINT32_MAX : UINT64_MAX);
}

static int64_t run_function(struct vpsci__invocation *call, uint32_t number, bool wide)
{
    const struct function *function = &functions[number];
    const uint64_t *args = call->call->args;
    uint32_t words = wide ? function->words : 7;
    int64_t result;

    call->function = (uint8_t)number;
    call->wide = wide;
    call->args[0] = narrow_argument(args[0], words & 1);
    call->args[1] = narrow_argument(args[1], words >> 1 & 1);
    call->args[2] = narrow_argument(args[2], words >> 2);
    result = function->handler(call);
    if (result < 0) {
        return vpsci__result(call->vm, (int)result);
    }
    return wide ? result : (int64_t)(uint32_t)result;
}

static int64_t answer_foreign(struct vpsci__invocation *call)
{
    call->out->action = VPSCI_FOREIGN;
    return VPSCI_NOT_SUPPORTED;
}

/* The general calls (SMCCC 7). They exist from SMCCC 1.1 on, in every version of PSCI. If
 * ARCH_FEATURES is asked about another function, the embedder may offer that one. */
static int64_t answer_general(struct vpsci__invocation *call, uint32_t id)
{
    uint32_t asked = (uint32_t)call->call->args[0];

    if (call->vm->smccc_version < VPSCI_SMCCC_1_1) {
        return answer_foreign(call);
    }
    if (id == VPSCI_FID_SMCCC_VERSION) {
        return call->vm->smccc_version;
    }
    if (id == VPSCI_FID_SMCCC_ARCH_FEATURES &&
        (asked == VPSCI_FID_SMCCC_VERSION || asked == VPSCI_FID_SMCCC_ARCH_FEATURES)) {
        return VPSCI_SUCCESS;
    }
    return answer_foreign(call);
}

static int64_t dispatch_call(struct vpsci__invocation *call, uint32_t id)
{
    uint32_t number;

    if (vpsci__is_legacy(call->vm) && vpsci__find_legacy(call->vm, id, &number)) {
        return functions[number].needs & ~call->vm->has
                   ? VPSCI_NOT_SUPPORTED
                   : run_function(call, number, !call->call->aarch32);
    }
    id = vpsci__drop_hint(call->vm, id);
    if (is_offered(call, id)) {
        return run_function(call, id & (VPSCI_FID_COUNT - 1), (id & VPSCI_FID_BIT_64) != 0);
    }
    return vpsci__is_psci_id(id) ? VPSCI_NOT_SUPPORTED : answer_general(call, id);
}

void vpsci_call(struct vpsci_vcpu *vcpu, const struct vpsci_guest_call *guest,
                struct vpsci_outcome *out)
{
    struct vpsci__invocation call;
    int64_t result;

    if (vpsci__state_of(vpsci__load(&vcpu->word)) != VPSCI__ON) {
        vpsci_next(vcpu, out);
        if (out->action != VPSCI_RUN) {
            return;
        }
        /* The host held this vCPU, and another thread has just woken it. */
    }
    call.vm = vpsci__vm(vcpu);
    call.vcpu = vcpu;
    call.call = guest;
    call.out = out;
    *out = (struct vpsci_outcome){.action = VPSCI_RETURN};
    result = dispatch_call(&call, (uint32_t)guest->function);
    if (out->action != VPSCI_WAIT) {
        out->x0 = (uint64_t)result;
    }
}

/* DEN0022, PSCI_FEATURES. */
int64_t vpsci__features(struct vpsci__invocation *call)
{
    uint32_t id = (uint32_t)call->args[0];

    if (id == VPSCI_FID_SMCCC_VERSION && call->vm->smccc_version >= VPSCI_SMCCC_1_1) {
        return VPSCI_SUCCESS;
    }
    if (!is_offered(call, id)) {
        return VPSCI_NOT_SUPPORTED;
    }
    switch (id & (VPSCI_FID_COUNT - 1)) {
    case VPSCI_FN_CPU_SUSPEND:
        return (call->vm->config.options & VPSCI_OPTION_EXTENDED_STATE
                    ? VPSCI_FEATURE_EXTENDED_STATE
                    : 0) |
               (call->vm->has & VPSCI_CAP_OS_INITIATED ? VPSCI_FEATURE_OS_INITIATED : 0);
    case VPSCI_FN_SYSTEM_OFF2:
        return VPSCI_FEATURE_HIBERNATE_OFF;
    default:
        return 0;
    }
}
