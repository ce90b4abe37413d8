/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls whose ID is not that of an offered function, and what PSCI_FEATURES says of all of them. */
#include "internal.h"

/* A version 0.1 ID, one with a hint, or none of PSCI's functions. */
void vpsci__choose_other(struct vpsci__invocation *call, uint32_t id)
{
    uint32_t number;

    if (vpsci__is_legacy(call->vm) && vpsci__find_legacy(call->vm, id, &number)) {
        vpsci__choose(call, vpsci__has_function(call->vm, number) ? number : VPSCI__FN_UNKNOWN,
                      !call->call->aarch32);
        return;
    }
    id = vpsci__drop_hint(call->vm, id);
    if (vpsci__is_offered(call, id)) {
        vpsci__choose(call, id % VPSCI_FID_COUNT, (id & VPSCI_FID_BIT_64) != 0);
        return;
    }
    vpsci__choose(call, vpsci__is_psci_id(id) ? VPSCI__FN_UNKNOWN : VPSCI__FN_GENERAL, false);
}

int64_t vpsci__unknown(struct vpsci__invocation *call)
{
    (void)call;
    return VPSCI_NOT_SUPPORTED;
}

static int64_t answer_foreign(struct vpsci__invocation *call)
{
    call->out->action = VPSCI_FOREIGN;
    return VPSCI_NOT_SUPPORTED;
}

/* The general calls (SMCCC 7). They exist from SMCCC 1.1 on, in every version of PSCI. If
 * ARCH_FEATURES is asked about another function, the embedder may offer that one. */
int64_t vpsci__general(struct vpsci__invocation *call)
{
    uint32_t id = vpsci__drop_hint(call->vm, (uint32_t)call->call->function);
    uint32_t asked = (uint32_t)vpsci__arg(call, 0);

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

/* DEN0022, PSCI_FEATURES. */
int64_t vpsci__features(struct vpsci__invocation *call)
{
    uint32_t id = (uint32_t)vpsci__arg(call, 0);

    if (id == VPSCI_FID_SMCCC_VERSION && call->vm->smccc_version >= VPSCI_SMCCC_1_1) {
        return VPSCI_SUCCESS;
    }
    if (!vpsci__is_offered(call, id)) {
        return VPSCI_NOT_SUPPORTED;
    }
    switch (id % VPSCI_FID_COUNT) {
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
