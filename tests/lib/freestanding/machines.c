/* SPDX-License-Identifier: BSD-2-Clause */
#include "machines.h"

#define FN64(function) (VPSCI_FID_64 + VPSCI_FN_##function)
#define FN32(function) (VPSCI_FID_32 + VPSCI_FN_##function)

enum { STANDBY = 0x0000001, CORE_DOWN = 0x40000002, CLUSTER_DOWN = 0x40000013 };

#define ENTRY   UINT64_C(0x0000123456789000)
#define CONTEXT UINT64_C(0xfedcba9876543210)

/* Two clusters, and one core that is alone far away. */
static const struct vpsci_mpidr mpidrs[MACHINE_CPUS] = {
    {0x000}, {0x001}, {0x100}, {0x101}, {0x102}, {UINT64_C(0x3200040506)},
};

static const struct vpsci_power_state states[] = {
    {STANDBY, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {CORE_DOWN, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
    {CLUSTER_DOWN, 1, VPSCI_HW_OFF, 1},
};

static bool is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    (void)host;
    return base.value >= 0x80000000 && base.value + length <= 0xc0000000;
}

static uint64_t read_clock(void *host)
{
    const struct machine *machine = host;

    return machine->time;
}

static const struct vpsci_ops ops = {.range_is_protected = is_protected, .now = read_clock};

int machine_make(struct machine *machine, const struct machine_kind *kind)
{
    machine->time = 0;
    machine->config = (struct vpsci_config){
        .size = sizeof(struct vpsci_config),
        .vcpu_count = MACHINE_CPUS,
        .mpidrs = mpidrs,
        .boot_vcpu = 2,
        .capabilities = (VPSCI_CAP_MEM_PROTECT << 1) - 1,
        .options = VPSCI_OPTION_EXTENDED_STATE | kind->options,
        .states = states,
        .state_count = sizeof(states) / sizeof(states[0]),
        .trusted_os = VPSCI_TRUSTED_OS_MIGRATABLE,
        .trusted_os_vcpu = 5,
        .statistics = machine->statistics,
        .statistics_size = sizeof(machine->statistics),
        .ops = &ops,
        .host = machine,
    };
    return vpsci_init(machine->memory, sizeof(machine->memory), &machine->config, &machine->vm);
}

/* What is undefined in an outcome is not zero by chance. */
static void poison(struct vpsci_outcome *out)
{
    for (size_t i = 0; i < sizeof(*out); i++) {
        ((volatile uint8_t *)out)[i] = 0xa5;
    }
}

struct vpsci_outcome machine_call(struct machine *machine, uint32_t cpu, uint32_t function,
                                  uint64_t first, uint64_t second, uint64_t third)
{
    const struct vpsci_guest_call call = {.function = function, .args = {first, second, third}};
    struct vpsci_outcome out;

    poison(&out);
    machine->time += 1001;
    vpsci_call(vpsci_vcpu_at(machine->vm, cpu), &call, &out);
    return out;
}

struct vpsci_outcome machine_next(struct machine *machine, uint32_t cpu)
{
    struct vpsci_outcome out;

    poison(&out);
    vpsci_next(vpsci_vcpu_at(machine->vm, cpu), &out);
    return out;
}

/* From the boot vCPU, 2. */
static void turn_on(struct machine *machine, uint32_t cpu)
{
    (void)machine_call(machine, 2, FN64(CPU_ON), mpidrs[cpu].value, ENTRY + 4 * (uint64_t)cpu,
                       CONTEXT + cpu);
}

static void start_cpu(struct machine *machine, uint32_t cpu)
{
    turn_on(machine, cpu);
    (void)machine_next(machine, cpu);
}

static void drive_nothing(struct machine *machine)
{
    (void)machine;
}

/* Each core in another state. */
static void drive_cores(struct machine *machine)
{
    start_cpu(machine, 0);
    (void)machine_call(machine, 0, FN64(CPU_SUSPEND), STANDBY, ENTRY, CONTEXT);
    start_cpu(machine, 1);
    (void)machine_call(machine, 1, FN64(CPU_SUSPEND), CLUSTER_DOWN, ENTRY + 0x100, CONTEXT ^ 1);
    start_cpu(machine, 3);
    (void)machine_call(machine, 3, FN32(CPU_FREEZE), 0, 0, 0);
    turn_on(machine, 4);
    start_cpu(machine, 5);
    (void)vpsci_mp_state_set(vpsci_vcpu_at(machine->vm, 5), VPSCI_MP_SUSPENDED);
    (void)machine_call(machine, 2, FN32(MEM_PROTECT), 1, 0, 0);
    (void)vpsci_version_set(machine->vm, VPSCI_VERSION_1_1);
}

/* A big-endian AArch32 caller's CPU_ON, which the host has not yet decided. */
static void drive_asking(struct machine *machine)
{
    const struct vpsci_guest_call call = {.function = FN32(CPU_ON),
                                          .args = {mpidrs[1].value, 0x80001001, 0x87654321},
                                          .aarch32 = true,
                                          .big_endian = true};
    struct vpsci_outcome out;

    vpsci_call(vpsci_vcpu_at(machine->vm, 2), &call, &out);
}

/* SYSTEM_SUSPEND, undecided, and a wake that came meanwhile. */
static void drive_falling_asleep(struct machine *machine)
{
    (void)machine_call(machine, 2, FN64(SYSTEM_SUSPEND), ENTRY, CONTEXT, 0);
    (void)vpsci_wake(vpsci_vcpu_at(machine->vm, 2));
}

static void drive_asleep(struct machine *machine)
{
    start_cpu(machine, 4);
    (void)machine_call(machine, 4, FN32(CPU_OFF), 0, 0, 0);
    (void)machine_call(machine, 2, FN64(SYSTEM_SUSPEND), ENTRY, CONTEXT, 0);
    (void)vpsci_answer(vpsci_vcpu_at(machine->vm, 2), VPSCI_SUCCESS);
}

/* A reset, half way, of a system with two cores on. */
static void drive_resetting(struct machine *machine)
{
    start_cpu(machine, 0);
    (void)machine_call(machine, 2, FN64(SYSTEM_RESET2), 0x80000007, CONTEXT, 0);
}

/* OS-initiated: the last one of a cluster has put the cluster to sleep. */
static void drive_os_initiated(struct machine *machine)
{
    (void)machine_call(machine, 2, FN32(SET_SUSPEND_MODE), 1, 0, 0);
    start_cpu(machine, 0);
    start_cpu(machine, 1);
    (void)machine_call(machine, 0, FN64(CPU_SUSPEND), CORE_DOWN, ENTRY, CONTEXT);
    (void)machine_call(machine, 1, FN64(CPU_SUSPEND), CLUSTER_DOWN, ENTRY, CONTEXT);
    (void)machine_call(machine, 2, FN64(MIGRATE), mpidrs[0].value, 0, 0);
}

const struct machine_kind machine_kinds[] = {
    {"started", 0, drive_nothing},
    {"cores", 0, drive_cores},
    {"asking", VPSCI_OPTION_ASK_CPU_ON, drive_asking},
    {"falling-asleep", 0, drive_falling_asleep},
    {"asleep", 0, drive_asleep},
    {"resetting", 0, drive_resetting},
    {"os-initiated", 0, drive_os_initiated},
};
const unsigned machine_kind_count = sizeof(machine_kinds) / sizeof(machine_kinds[0]);
