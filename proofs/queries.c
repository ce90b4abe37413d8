/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that change nothing: PSCI_VERSION, MIGRATE_INFO_TYPE, MIGRATE_INFO_UP_CPU,
 * NODE_HW_STATE, PSCI_STAT_COUNT, PSCI_STAT_RESIDENCY and MEM_PROTECT_CHECK_RANGE. */
#include "proof.h"

void prove_version(void)
{
    int64_t result;

    any_world();
    any_call(VPSCI_FN_VERSION);
    result = vpsci__version(&call);
    reach(result == VPSCI_VERSION_1_3, "version 1.3");
    check(result == VPSCI_VERSION_0_1 || result == VPSCI_VERSION_0_2 ||
              (result >= VPSCI_VERSION_1_0 && result <= VPSCI_VERSION_1_3),
          "it is one that exists");
    check_refused(result, vpsci_version(&vm));
}

void prove_migrate_info_type(void)
{
    static const int64_t types[] = {
        [VPSCI_TRUSTED_OS_NONE] = VPSCI_MIGRATE_TYPE_NOT_NEEDED,
        [VPSCI_TRUSTED_OS_MULTIPROCESSOR] = VPSCI_MIGRATE_TYPE_NOT_NEEDED,
        [VPSCI_TRUSTED_OS_MIGRATABLE] = VPSCI_MIGRATE_TYPE_UP_CAPABLE,
        [VPSCI_TRUSTED_OS_FIXED] = VPSCI_MIGRATE_TYPE_UP_INCAPABLE,
    };
    int64_t result;

    any_world();
    any_call(VPSCI_FN_MIGRATE_INFO_TYPE);
    result = vpsci__migrate_info_type(&call);
    reach(result == VPSCI_MIGRATE_TYPE_UP_INCAPABLE, "a Trusted OS that cannot migrate");
    check_refused(result, types[vm.config.trusted_os]);
}

void prove_migrate_info_up_cpu(void)
{
    struct vpsci_vcpu *named;
    int64_t result;

    any_world();
    assume(vm.has & VPSCI__HAS_RESIDENT);
    any_call(VPSCI_FN_MIGRATE_INFO_UP_CPU);
    result = vpsci__migrate_info_up_cpu(&call);
    named = vpsci__target(&vm, (uint64_t)result);
    reach(named == &vcpus(VCPUS - 1), "it is on the last core");
    check(named && named->index == vpsci__load(&vm.resident), "it names the core");
    check_same();
}

/* What the specification says of a core. The library never tells STANDBY from ON by timing. */
static int64_t core_hw_state(uint32_t index)
{
    switch (old.states[index]) {
    case VPSCI_STATE_OFF:
    case VPSCI_STATE_FROZEN:
    case VPSCI_STATE_STARTING:
    case VPSCI_STATE_ON_PENDING:
    case VPSCI_STATE_POWERDOWN:
    case VPSCI_STATE_SUSPENDED:
        return VPSCI_HW_OFF;
    case VPSCI_STATE_STANDBY:
    case VPSCI_STATE_HELD:
        return VPSCI_HW_STANDBY;
    default:
        return VPSCI_HW_ON;
    }
}

void prove_node_hw_state(void)
{
    const struct vpsci_vcpu *target;
    int64_t result;
    uint32_t level;

    any_world();
    any_call(VPSCI_FN_NODE_HW_STATE);
    target = vpsci__target(&vm, arg(0));
    level = (uint32_t)arg(1);
    result = vpsci__node_hw_state(&call);
    check_same();
    if (!target || level > vm.highest) {
        check(result == VPSCI_INVALID_PARAMETERS, "result: no such node");
        return;
    }
    if (level == 0) {
        check(result == core_hw_state(target->index), "result: a core");
        return;
    }
    reach(result == VPSCI_HW_STANDBY, "a domain in standby");
    check(result == VPSCI_HW_ON || result == VPSCI_HW_OFF || result == VPSCI_HW_STANDBY, "result");
    check(result == VPSCI_HW_ON || target->index != caller, "the caller's domains are on");
}

static void prove_statistic(int64_t (*function)(struct vpsci__invocation *), enum vpsci_function fn)
{
    int64_t result;

    any_vm();
    with_statistics();
    any_state();
    remember();
    any_call(fn);
    result = function(&call);
    reach(result > 1, "a state was used");
    check(result >= 0, "there is no error");
    if (!vpsci__target(&vm, arg(0)) || !vpsci_vcpu_at(&vm, 0)) {
        check(result == 0, "an unknown core has no statistics");
    }
    check_same();
}

void prove_stat_count(void)
{
    prove_statistic(vpsci__stat_count, VPSCI_FN_STAT_COUNT);
}

void prove_stat_residency(void)
{
    prove_statistic(vpsci__stat_residency, VPSCI_FN_STAT_RESIDENCY);
}

static bool range_answer;
static uint64_t range_base;
static uint64_t range_length;

static bool range_is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    (void)host;
    range_base = base.value;
    range_length = length;
    return range_answer;
}

/* The host is never asked about an empty range, or about one that wraps. */
void prove_mem_protect_check_range(void)
{
    static struct vpsci_ops ops;
    int64_t result;
    bool fits;

    any_world();
    ops.range_is_protected = range_is_protected;
    vm.config.ops = &ops;
    range_answer = nondet_bool();
    any_call(VPSCI_FN_MEM_PROTECT_CHECK_RANGE);
    fits = arg(1) != 0 && arg(0) <= call.mask - (arg(1) - 1);
    result = vpsci__mem_protect_check_range(&call);
    reach(result == VPSCI_SUCCESS && call.mask == UINT32_MAX, "a range of an SMC32 call");
    check_refused(result, fits && range_answer ? VPSCI_SUCCESS : VPSCI_DENIED);
    check(!range_length || (range_base == arg(0) && range_length == arg(1)), "the host's question");
    check(fits || !range_length, "the host is asked about ranges only");
}
