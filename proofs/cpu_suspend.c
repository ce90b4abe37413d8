/* SPDX-License-Identifier: BSD-2-Clause */
/* CPU_SUSPEND (DEN0022 5.4), CPU_DEFAULT_SUSPEND and PSCI_SET_SUSPEND_MODE (5.20). */
#include "proof.h"

static bool is_os_initiated(void)
{
    return (vpsci__load(&old.vm.system) & VPSCI__OS_INITIATED) != 0;
}

/* The caller sleeps, and nothing else has changed but that the mode is in use, and domains. */
static void check_asleep(bool powerdown)
{
    check_wait(powerdown ? VPSCI_WAIT_POWERDOWN : VPSCI_WAIT_STANDBY);
    check(state_of(caller) == (powerdown ? VPSCI_STATE_POWERDOWN : VPSCI_STATE_STANDBY),
          "the caller sleeps");
    check((vpsci__load(&vm.system) ^ vpsci__load(&old.vm.system)) <= VPSCI__MODE_USED &&
              ((vpsci__load(&vm.system) ^ vpsci__load(&old.vm.system)) & ~VPSCI__MODE_USED) == 0,
          "frame: only that the mode is used");
    check_vm_same(SYSTEM);
    check_others_same(caller, NOBODY);
}

/* The table's entry that the guest means; STATES if no entry has that number. */
static uint32_t entry_of(uint32_t power_state)
{
    uint32_t i = 0;

    while (i < vm.state_count && vm.states[i].value != power_state) {
        i++;
    }
    return i < vm.state_count ? i : (uint32_t)STATES;
}

static bool loses_context(uint32_t power_state)
{
    bool extended = (vm.config.options & VPSCI_OPTION_EXTENDED_STATE) != 0;

    return power_state & (extended ? VPSCI_STATE_TYPE_EXTENDED : VPSCI_STATE_TYPE_ORIGINAL);
}

/* OS-initiated mode: the last core up in each domain has put it into the state that it named. */
static void check_decided(uint32_t state_index)
{
    uint32_t highest = vm.states[state_index].level;

    for (uint32_t level = 1; level <= highest && level <= VPSCI_LEVEL_MAX; level++) {
        uint32_t first = vcpus(caller).domain[level - 1];

        check(vpsci__node_state(&vm, first, level) == vpsci__state_at(&vm, state_index, level),
              "domain: what the OS named");
    }
}

static void check_domains(uint32_t state_index)
{
    if (is_os_initiated()) {
        check_decided(state_index);
    } else {
        check_agreed();
    }
}

void prove_cpu_suspend(void)
{
    uint32_t power_state;
    int64_t result;
    bool powerdown;

    any_world();
    any_call(VPSCI_FN_CPU_SUSPEND);
    power_state = (uint32_t)arg(0);
    powerdown = loses_context(power_state);
    result = vpsci__cpu_suspend(&call);
    if (entry_of(power_state) == STATES) {
        check_refused(result, VPSCI_INVALID_PARAMETERS);
        return;
    }
    if (powerdown && !is_entry(arg(1))) {
        check_refused(result, VPSCI_INVALID_ADDRESS);
        return;
    }
    if (out.action == VPSCI_RETURN) {
        reach(result == VPSCI_INVALID_PARAMETERS, "OS-initiated: another core keeps its context");
        check(is_os_initiated(), "only in OS-initiated mode a valid call is refused");
        check(result == VPSCI_DENIED || result == VPSCI_INVALID_PARAMETERS, "result");
        check(state_of(caller) == VPSCI_STATE_ON, "the caller continues");
        check_vm_same(0);
        check_others_same(caller, NOBODY);
        check_state();
        return;
    }
    reach(is_os_initiated() && vm.states[entry_of(power_state)].level == 2, "a cluster goes down");
    reach(!powerdown, "standby");
    check_asleep(powerdown);
    check_domains(entry_of(power_state));
    if (powerdown) {
        check_entry(call.vcpu, arg(1), arg(2));
    }
    check_state();
}

void prove_cpu_default_suspend(void)
{
    int64_t result;

    any_world();
    assume(vm.has & VPSCI_CAP_CPU_DEFAULT_SUSPEND);
    any_call(VPSCI_FN_CPU_DEFAULT_SUSPEND);
    result = vpsci__cpu_default_suspend(&call);
    if (!is_entry(arg(0))) {
        check_refused(result, VPSCI_INVALID_ADDRESS);
        return;
    }
    reach(guest.aarch32, "an AArch32 core sleeps");
    check_asleep(true);
    check_entry(call.vcpu, arg(0), arg(1));
    check_state();
}

static int64_t expected_mode_result(uint32_t mode)
{
    if (mode > VPSCI_SUSPEND_MODE_OS_INITIATED) {
        return VPSCI_INVALID_PARAMETERS;
    }
    if ((mode == VPSCI_SUSPEND_MODE_OS_INITIATED) == is_os_initiated()) {
        return VPSCI_SUCCESS;
    }
    if (mode == VPSCI_SUSPEND_MODE_OS_INITIATED) {
        return vpsci__load(&old.vm.system) & VPSCI__MODE_USED ? VPSCI_DENIED : VPSCI_SUCCESS;
    }
    return vpsci_on_count(&old.vm) == 1 ? VPSCI_SUCCESS : VPSCI_DENIED;
}

void prove_set_suspend_mode(void)
{
    int64_t result;
    uint32_t mode;
    bool now;

    any_world();
    assume(vm.has & VPSCI_CAP_OS_INITIATED);
    any_call(VPSCI_FN_SET_SUSPEND_MODE);
    mode = (uint32_t)arg(0);
    result = vpsci__set_suspend_mode(&call);
    check(result == expected_mode_result(mode), "result");
    now = (vpsci__load(&vm.system) & VPSCI__OS_INITIATED) != 0;
    if (result != VPSCI_SUCCESS) {
        check_same();
        return;
    }
    reach(now && !is_os_initiated(), "to OS-initiated mode");
    reach(!now && is_os_initiated(), "and back");
    check(now == (mode == VPSCI_SUSPEND_MODE_OS_INITIATED), "the mode is the one asked for");
    check(vpsci_system_state(&vm) == vpsci_system_state(&old.vm), "frame: stage");
    check_vm_same(SYSTEM);
    check_others_same(NOBODY, NOBODY);
    check_state();
}
