/* SPDX-License-Identifier: BSD-2-Clause */
/* What the operator wants, compared with what this host can do. */
#include <sys/resource.h>

#include "base/report.h"
#include "core/map.h"
#include "host/vsock/vsock_mux.h"
#include "machine/parts.h"

static bool choose_kvm(struct machine *machine)
{
    char reason[256];

    machine->kvm = kvm_open(&machine->limits, reason, sizeof(reason));
    if (machine->kvm < 0) {
        report("%s", reason);
    }
    return machine->kvm >= 0;
}

static bool choose_report_no_filter(const char *option, const char *consequence)
{
    report("%s: this machine's KVM has no SMCCC filter (Linux 6.4 has)%s", option, consequence);
    return false;
}

/* KVM is not asked whether it can forward calls if the operator wants the kernel to answer them. */
static bool choose_psci_mode(struct machine *machine)
{
    const struct config *config = machine->config;
    enum psci_mode wanted = config->psci_mode;
    bool can = wanted != PSCI_MODE_KERNEL && kvm_can_forward_psci(machine->kvm, &machine->limits);

    if (wanted == PSCI_MODE_USER && !can) {
        return choose_report_no_filter("--psci user", "; give --psci kernel or auto");
    }
    if (!can && config->idle != IDLE_NONE) {
        return choose_report_no_filter("--idle", ", and its CPU_SUSPEND has no idle states");
    }
    if (!can && config->cpus_admitted != 0) {
        return choose_report_no_filter("--cpus with max", ", and starts vCPUs without admission");
    }
    machine->backend.ops = can ? &psci_user_ops : &psci_kernel_ops;
    return true;
}

/*
 * The policy for SYSTEM_SUSPEND, compared with what KVM and the PSCI version have. If the operator
 * asks for an old version, what it lacks is not reported; what an old KVM lacks is.
 */
static bool choose_policy(struct machine *machine)
{
    const struct config *config = machine->config;
    bool too_old =
        config->psci_version != CONFIG_PSCI_DEFAULT && config->psci_version < VPSCI_VERSION_1_0;
    bool can = machine->backend.ops->has_suspend || machine->limits.system_suspend;

    machine->policy = config->on_suspend;
    if (config->on_suspend == SUSPEND_OFF || (can && !too_old)) {
        return true;
    }
    const char *lack = too_old ? "PSCI 0.2 has no SYSTEM_SUSPEND"
                               : "this machine's KVM has no SYSTEM_SUSPEND (Linux 5.19 has)";
    if (config->on_suspend_explicit) {
        report("--on-suspend %s: %s; give --on-suspend off",
               suspend_policy_words[config->on_suspend], lack);
        return false;
    }
    if (!too_old) {
        report("%s: the guest is not offered SYSTEM_SUSPEND, as with --on-suspend off", lack);
    }
    machine->policy = SUSPEND_OFF;
    return true;
}

static unsigned count_bits(uint64_t end)
{
    return 64 - (unsigned)__builtin_clzll(end - 1);
}

/* The size of the guest's address space: KVM's default, or more if RAM needs more. */
static bool choose_ipa_bits(struct machine *machine)
{
    enum { IPA_BITS_DEFAULT = 40 };
    uint64_t end = MAP_RAM_BASE + machine->config->memory_size;

    if (machine->config->cpu_count > MAP_GICR_COUNT) {
        end = map_gicr2_base(machine->config->memory_size).value +
              machine->config->cpu_count * MAP_GICR_STRIDE;
    }
    unsigned needed = count_bits(end);
    if (needed > machine->limits.ipa_bits) {
        report("--memory: this machine's KVM has guest addresses of %u bits, and %u are needed",
               machine->limits.ipa_bits, needed);
        return false;
    }
    unsigned usual =
        machine->limits.ipa_bits < IPA_BITS_DEFAULT ? machine->limits.ipa_bits : IPA_BITS_DEFAULT;
    machine->ipa_bits = needed > usual ? needed : usual;
    return true;
}

/* Files of devices, with all clients that they may have at once. */
static rlim_t choose_device_files(const struct config *config)
{
    enum { DISK_FILES = 12, PORT_FILES = 8, VSOCK_FILES = VSOCK_CONNECTIONS_MAX + 8 };

    return config->disks.count * (rlim_t)DISK_FILES + config->ports.count * (rlim_t)PORT_FILES +
           (config->vsock.path[0] != '\0' ? VSOCK_FILES : 0);
}

/* Each vCPU is an open file, and another one if its hypercalls are counted. */
static bool choose_file_limit(const struct machine *machine)
{
    enum { OTHER_FILES = 64 };
    unsigned count = machine->config->cpu_count;
    struct rlimit limit;
    rlim_t needed = (rlim_t)count * (machine->backend.ops->counts_calls ? 2 : 1) + OTHER_FILES +
                    choose_device_files(machine->config);

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return true;
    }
    if (limit.rlim_max < needed) {
        report("--cpus %u: that needs %llu open files, and this process may have %llu; raise the "
               "hard limit (ulimit -n)",
               count, (unsigned long long)needed, (unsigned long long)limit.rlim_max);
        return false;
    }
    limit.rlim_cur = needed;
    setrlimit(RLIMIT_NOFILE, &limit); /* Not above the hard limit it cannot be refused. */
    return true;
}

static bool choose_cpu_count(const struct machine *machine)
{
    bool can = machine->config->cpu_count <= machine->limits.cpu_count;

    if (!can) {
        report("--cpus %u: this machine's KVM gives at most %u", machine->config->cpu_count,
               machine->limits.cpu_count);
    }
    return can;
}

bool machine_choose(struct machine *machine)
{
    return choose_kvm(machine) && choose_cpu_count(machine) && choose_psci_mode(machine) &&
           choose_policy(machine) && choose_ipa_bits(machine) && choose_file_limit(machine);
}
