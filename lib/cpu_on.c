/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_ON and AFFINITY_INFO. */
#include "internal.h"

/* The result of CPU_ON for a target that is not off (DEN0022 5.6). */
static int result_if_taken(const struct vpsci_vm *vm, uint64_t word)
{
    switch (vpsci__state_of(word)) {
    case VPSCI__CLAIMED:
    case VPSCI__STARTING:
    case VPSCI__PENDING:
    case VPSCI__REVOKING:
        return vm->config.options & VPSCI_OPTION_NO_ON_PENDING ? VPSCI_ALREADY_ON
                                                               : VPSCI_ON_PENDING;
    default:
        return VPSCI_ALREADY_ON;
    }
}

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
    return result_if_taken(vm, word);
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

/* The result of AFFINITY_INFO for one core (DEN0022 5.7). */
static enum vpsci_affinity affinity_of(const struct vpsci_vm *vm, const struct vpsci_vcpu *vcpu)
{
    uint64_t word = vpsci__settled(vm, vcpu);

    if (vpsci__is_off(word)) {
        return VPSCI_AFFINITY_OFF;
    }
    return result_if_taken(vm, word) == VPSCI_ON_PENDING ? VPSCI_AFFINITY_ON_PENDING
                                                         : VPSCI_AFFINITY_ON;
}

/*
 * A whole instance is ON if one of its cores is ON, else ON_PENDING if one is ON_PENDING. Race:
 * other vCPUs start and stop meanwhile. Each core is looked at once during the call, and the result
 * is that of these moments.
 */
static int64_t affinity_of_group(const struct vpsci_vm *vm, uint32_t affinity, uint32_t mask)
{
    static const int8_t results[] = {VPSCI_INVALID_PARAMETERS, 1, 2, 2, 0, 0, 0, 0};
    uint32_t seen = 0; /* bit 0: some core is off, bit 1: pending, bit 2: on */
    uint32_t i;

    for (i = 0; i < vm->vcpu_count && !(seen & 4); i++) {
        const struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);

        if (((vcpu->affinity ^ affinity) & mask) == 0) {
            static const uint8_t bits[] = {4, 1, 2};

            seen |= bits[affinity_of(vm, vcpu)];
        }
    }
    return results[seen];
}

int64_t vpsci__affinity_info(struct vpsci__invocation *call)
{
    uint64_t mpidr = vpsci__arg(call, 0);
    uint32_t level = (uint32_t)vpsci__arg(call, 1);
    const struct vpsci_vcpu *target;

    if (level == 0) {
        target = vpsci__target(call->vm, mpidr);
        return target ? (int64_t)affinity_of(call->vm, target) : VPSCI_INVALID_PARAMETERS;
    }
    if (level > VPSCI_LEVEL_MAX || (mpidr & ~VPSCI_MPIDR_MASK)) {
        return VPSCI_INVALID_PARAMETERS;
    }
    return affinity_of_group(call->vm, vpsci__pack(mpidr), ~UINT32_C(0) << 8 * level);
}
