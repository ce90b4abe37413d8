/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_ON and AFFINITY_INFO. */
#include "internal.h"

/*
 * Claims an off vCPU for a CPU_ON. Race: of several callers exactly one succeeds, with the new word
 * in *claimed, and only then writes the payload. The count goes up first. In between it is one too
 * high, which only SYSTEM_SUSPEND of another vCPU could see, and that is DENIED anyway, because
 * this caller is on. Each turn of the loop means that another call, or the host, succeeded.
 */
static int claim_target(struct vpsci_vm *vm, struct vpsci_vcpu *target, uint64_t *claimed)
{
    uint64_t word = vpsci__settled(vm, target);

    while (vpsci__is_off(word)) {
        *claimed = vpsci__with_detail(vpsci__to(word, VPSCI__CLAIMED), vpsci__state_of(word));
        vpsci__add(&vm->census, 1);
        if (vpsci__swap(&target->word, &word, *claimed)) {
            return VPSCI_SUCCESS;
        }
        vpsci__add(&vm->census, UINT64_MAX);
        word = vpsci__settled(vm, target);
    }
    /* DEN0022 5.6 */
    return vpsci__affinity_of(vm, word) == VPSCI_AFFINITY_ON_PENDING ? VPSCI_ON_PENDING
                                                                     : VPSCI_ALREADY_ON;
}

/* Leaves the decision to the host. The caller's word is marked as unsettled until the request is
 * there, so that no saved record has a target in STARTING without the vCPU that asked for it. */
static int64_t ask_host(struct vpsci__invocation *call, struct vpsci_vcpu *target, uint64_t claimed)
{
    uint64_t own = vpsci__load(&call->vcpu->word);

    vpsci__store(&call->vcpu->word, (own | VPSCI__UNSETTLED) + VPSCI__CHANGE);
    vpsci__store(&target->word, vpsci__with_detail(vpsci__to(claimed, VPSCI__STARTING),
                                                   vpsci__detail_of(claimed)));
    return vpsci__ask(call, target);
}

int64_t vpsci__cpu_on(struct vpsci__invocation *call)
{
    struct vpsci_vcpu *target = vpsci__target(call->vm, vpsci__arg(call, 0));
    uint64_t claimed = 0;
    int result;

    if (!target) {
        return VPSCI_INVALID_PARAMETERS;
    }
    if (!vpsci__entry_is_valid(call, 1)) {
        return VPSCI_INVALID_ADDRESS;
    }
    result = claim_target(call->vm, target, &claimed);
    if (result) {
        return result;
    }
    vpsci__entry_write(call, 1, target);
    if (call->vm->config.options & VPSCI_OPTION_ASK_CPU_ON) {
        return ask_host(call, target, claimed);
    }
    /* Race: the target's vpsci_next() loads this word, and reads the payload after that. */
    vpsci__store(&target->word, vpsci__to(claimed, VPSCI__PENDING));
    call->out->start = target;
    return VPSCI_SUCCESS;
}

int64_t vpsci__affinity_info(struct vpsci__invocation *call)
{
    uint64_t mpidr = vpsci__arg(call, 0);
    uint32_t level = (uint32_t)vpsci__arg(call, 1);
    const struct vpsci_vcpu *target;

    if (level == 0) {
        target = vpsci__target(call->vm, mpidr);
        return target ? vpsci__affinity_of(call->vm, vpsci__settled(call->vm, target))
                      : VPSCI_INVALID_PARAMETERS;
    }
    if (level > VPSCI_LEVEL_MAX || (mpidr & ~VPSCI_MPIDR_MASK)) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return vpsci__affinity_of_group(call, vpsci__pack(mpidr), ~UINT32_C(0) << 8 * level);
}
