/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_ON (DEN0022 5.6) and AFFINITY_INFO (5.7). */
#include "proof.h"

/* What the specification says of CPU_ON for a target in a state. */
static int64_t result_for(enum vpsci_state state)
{
    bool hides = (vm.config.options & VPSCI_OPTION_NO_ON_PENDING) != 0;

    switch (state) {
    case VPSCI_STATE_OFF:
    case VPSCI_STATE_FROZEN:
        return VPSCI_SUCCESS;
    case VPSCI_STATE_STARTING:
    case VPSCI_STATE_ON_PENDING:
        return hides ? VPSCI_ALREADY_ON : VPSCI_ON_PENDING;
    default:
        return VPSCI_ALREADY_ON;
    }
}

static int64_t expected_result(const struct vpsci_vcpu *target)
{
    if (!target) {
        return VPSCI_INVALID_PARAMETERS;
    }
    if (!is_entry(arg(1))) {
        return VPSCI_INVALID_ADDRESS;
    }
    return result_for(old.states[target->index]);
}

/* The host decides: the request names both vCPUs and the entry. */
static void check_asked(struct vpsci_vcpu *target)
{
    check_wait(VPSCI_WAIT_ANSWER);
    check(out.request.function == VPSCI_FN_CPU_ON, "request: function");
    check(out.request.vcpu == call.vcpu && out.request.target == target, "request: vCPUs");
    check(out.request.context == arg(2), "request: context");
    check(state_of(target->index) == VPSCI_STATE_STARTING, "the target waits for the answer");
    check(state_of(caller) == VPSCI_STATE_ASKING, "so does the caller");
}

static void check_started(const struct vpsci_vcpu *target)
{
    check(out.action == VPSCI_RETURN && out.start == target, "outcome: which vCPU to kick");
    check(state_of(target->index) == VPSCI_STATE_ON_PENDING, "the target starts");
    check_others_same(target->index, NOBODY);
}

void prove_cpu_on(void)
{
    struct vpsci_vcpu *target;
    int64_t expected;
    int64_t result;
    bool asks;

    any_world();
    any_call(VPSCI_FN_CPU_ON);
    target = vpsci__target(&vm, arg(0));
    expected = expected_result(target);
    asks = (vm.config.options & VPSCI_OPTION_ASK_CPU_ON) != 0;
    result = vpsci__cpu_on(&call);
    if (expected != VPSCI_SUCCESS) {
        check_refused(result, expected);
        return;
    }
    reach(asks, "the host is asked");
    reach(!asks && old.states[target->index] == VPSCI_STATE_FROZEN, "a frozen core starts");
    if (asks) {
        check_asked(target);
    } else {
        check(result == VPSCI_SUCCESS, "result");
        check_started(target);
    }
    check_entry(target, arg(1), arg(2));
    check_vm_same(CENSUS);
    check_others_same(target->index, caller);
    check_state();
}

static uint32_t seen_of(enum vpsci_state state)
{
    switch (result_for(state)) {
    case VPSCI_SUCCESS:
        return 1;
    case VPSCI_ON_PENDING:
        return 2;
    default:
        return 4;
    }
}

/* All cores that the argument and the level name. */
static uint32_t seen_of_all(uint32_t level)
{
    uint32_t affinity = vpsci__pack(arg(0));
    uint32_t seen = 0;

    for (uint32_t i = 0; i < VCPUS; i++) {
        if ((vcpus(i).affinity ^ affinity) >> 8 * level == 0) {
            seen |= seen_of(old.states[i]);
        }
    }
    return seen;
}

void prove_affinity_info(void)
{
    int64_t result;
    uint32_t level;
    uint32_t seen;

    any_world();
    any_call(VPSCI_FN_AFFINITY_INFO);
    level = (uint32_t)arg(1);
    result = vpsci__affinity_info(&call);
    if (level > VPSCI_LEVEL_MAX || (arg(0) & ~VPSCI_MPIDR_MASK)) {
        check_refused(result, VPSCI_INVALID_PARAMETERS);
        return;
    }
    seen = seen_of_all(level);
    reach(seen == 2 && level == 2, "a cluster in which the one core is pending");
    if (seen == 0) {
        check_refused(result, VPSCI_INVALID_PARAMETERS);
    } else if (seen & 4) {
        check_refused(result, VPSCI_AFFINITY_ON);
    } else {
        check_refused(result, seen & 2 ? VPSCI_AFFINITY_ON_PENDING : VPSCI_AFFINITY_OFF);
    }
}
