/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of libvpsci for callgrind to count, each in a part of its output by itself: bench/lib.sh
 * reads from a part what the function that count_...() calls has cost, with all beneath it. A name
 * that is counted several times shows its best and its worst case.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vpsci_count.h"

#define FN64(function) (VPSCI_FID_64 + VPSCI_FN_##function)
#define FN32(function) (VPSCI_FID_32 + VPSCI_FN_##function)
#define ENTRY          UINT64_C(0x40080000)

enum {
    STANDBY = 0x0,
    CORE_DOWN = 0x40000001,
    LEVEL_1_DOWN = 0x40000011,
    LEVEL_2_DOWN = 0x40000021,
    LEVEL_3_DOWN = 0x40000031,
    /* The last function number of PSCI's range: no function has it. */
    NO_FUNCTION = VPSCI_FID_COUNT - 1,
    /* How many vCPUs represent all others, if the choice of the vCPU may matter. */
    SAMPLES = 8
};

static const struct vpsci_power_state states[] = {
    {STANDBY, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {CORE_DOWN, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
    {LEVEL_1_DOWN, 1, VPSCI_HW_OFF, 1},
    {LEVEL_2_DOWN, 2, VPSCI_HW_OFF, 2},
    {LEVEL_3_DOWN, 3, VPSCI_HW_OFF, 3},
};

/* ---- VMs ----------------------------------------------------------------------------------- */

static bool is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    (void)host;
    return base.value + length <= ENTRY;
}

static uint64_t now(void *host)
{
    return ++((struct bench *)host)->time;
}

static const struct vpsci_ops ops = {.range_is_protected = is_protected, .now = now};

/* A VM that has just started, the first vCPU being on. */
static void start(struct bench *bench)
{
    if (vpsci_init(bench->memory, bench->size, &bench->config, &bench->vm) != 0) {
        (void)fprintf(stderr, "vpsci_calls: vpsci_init() fails\n");
        exit(1);
    }
}

static void start_with(struct bench *bench, uint32_t options)
{
    bench->config.options = VPSCI_OPTION_EXTENDED_STATE | options;
    start(bench);
    bench->config.options = VPSCI_OPTION_EXTENDED_STATE;
}

static const struct vpsci_guest_call *arguments(uint32_t function, uint64_t first, uint64_t second)
{
    static struct vpsci_guest_call call;

    call = (struct vpsci_guest_call){.function = function, .args = {first, second, 7}};
    return &call;
}

static void call(struct bench *bench, uint32_t cpu, uint32_t function, uint64_t first)
{
    vpsci_call(vpsci_vcpu_at(bench->vm, cpu), arguments(function, first, ENTRY), &bench->out);
}

static void turn_on(struct bench *bench, uint32_t cpu)
{
    call(bench, 0, FN64(CPU_ON), bench->mpidrs[cpu].value);
    vpsci_next(vpsci_vcpu_at(bench->vm, cpu), &bench->out);
}

static void turn_all_on(struct bench *bench)
{
    for (uint32_t cpu = 1; cpu < bench->count; cpu++) {
        turn_on(bench, cpu);
    }
}

/* The n-th of SAMPLES vCPUs; none of them is the first. */
static uint32_t sample(const struct bench *bench, uint32_t n)
{
    return 1 + n * (bench->count - 2) / (SAMPLES - 1);
}

/* ---- What is counted ----------------------------------------------------------------------- */

static void count_simple_calls(struct bench *bench)
{
    start(bench);
    count_call(bench, "PSCI_VERSION", 0, arguments(FN32(VERSION), 0, 0));
    count_call(bench, "PSCI_FEATURES, there", 0, arguments(FN32(FEATURES), FN64(CPU_ON), 0));
    count_call(bench, "PSCI_FEATURES, not there", 0,
               arguments(FN32(FEATURES), VPSCI_FID_32 | NO_FUNCTION, 0));
    count_call(bench, "SMCCC_VERSION", 0, arguments(VPSCI_FID_SMCCC_VERSION, 0, 0));
    count_call(bench, "SMCCC_ARCH_FEATURES", 0,
               arguments(VPSCI_FID_SMCCC_ARCH_FEATURES, 0x80008000, 0));
    count_call(bench, "unknown PSCI function", 0, arguments(VPSCI_FID_64 | NO_FUNCTION, 0, 0));
    count_call(bench, "foreign function", 0, arguments(0xc6000000, 0, 0));
    count_call(bench, "MIGRATE_INFO_TYPE", 0, arguments(FN32(MIGRATE_INFO_TYPE), 0, 0));
    count_call(bench, "MIGRATE_INFO_UP_CPU", 0, arguments(FN64(MIGRATE_INFO_UP_CPU), 0, 0));
    count_call(bench, "MEM_PROTECT", 0, arguments(FN32(MEM_PROTECT), 1, 0));
    count_call(bench, "MEM_PROTECT_CHECK_RANGE", 0,
               arguments(FN64(MEM_PROTECT_CHECK_RANGE), 4096, 4096));
    count_call(bench, "PSCI_SET_SUSPEND_MODE", 0, arguments(FN32(SET_SUSPEND_MODE), 1, 0));
}

static void count_cpu_on(struct bench *bench)
{
    start(bench);
    count_call(bench, "CPU_ON, unknown MPIDR", 0, arguments(FN64(CPU_ON), 0xff0000, ENTRY));
    count_call(bench, "CPU_ON, ALREADY_ON", 0, arguments(FN64(CPU_ON), 0, ENTRY));
    for (uint32_t i = 0; i < SAMPLES && bench->count > 1; i++) {
        uint32_t cpu = sample(bench, i);

        start(bench);
        count_call(bench, "CPU_ON, success", 0,
                   arguments(FN64(CPU_ON), bench->mpidrs[cpu].value, ENTRY));
        count_call(bench, "CPU_ON, ON_PENDING", 0,
                   arguments(FN64(CPU_ON), bench->mpidrs[cpu].value, ENTRY));
        count_next(bench, "vpsci_next, to an entry", cpu);
        count_call(bench, "CPU_OFF", cpu, arguments(FN32(CPU_OFF), 0, 0));
        turn_on(bench, cpu);
        count_call(bench, "CPU_FREEZE", cpu, arguments(FN32(CPU_FREEZE), 0, 0));
    }
}

static void count_asked(struct bench *bench)
{
    if (bench->count == 1) {
        return;
    }
    start_with(bench, VPSCI_OPTION_ASK_CPU_ON);
    count_call(bench, "CPU_ON, asked", 0, arguments(FN64(CPU_ON), bench->mpidrs[1].value, ENTRY));
    count_answer(bench, "vpsci_answer, CPU_ON granted", VPSCI_SUCCESS);
    count_next(bench, "vpsci_next, to a result", 0);
    count_next(bench, "vpsci_next, run on", 0);
    start_with(bench, VPSCI_OPTION_ASK_CPU_ON);
    call(bench, 0, FN64(CPU_ON), bench->mpidrs[1].value);
    count_answer(bench, "vpsci_answer, CPU_ON refused", VPSCI_DENIED);
    start(bench);
    turn_on(bench, 1);
    count_call(bench, "MIGRATE, asked", 0, arguments(FN64(MIGRATE), bench->mpidrs[1].value, 0));
    count_answer(bench, "vpsci_answer, MIGRATE granted", VPSCI_SUCCESS);
}

/* The second half of the vCPUs has another Aff3 than the first, and is off. */
static void count_affinity_info(struct bench *bench)
{
    static const char *const names[] = {"AFFINITY_INFO, level 0", "AFFINITY_INFO, level 1",
                                        "AFFINITY_INFO, level 2", "AFFINITY_INFO, level 3"};

    start(bench);
    count_call(bench, "AFFINITY_INFO, unknown", 0, arguments(FN64(AFFINITY_INFO), 0xff0000, 0));
    for (uint32_t level = 0; level <= VPSCI_LEVEL_MAX; level++) {
        count_call(bench, names[level], 0, arguments(FN64(AFFINITY_INFO), 0, level));
        for (uint32_t i = 0; i < SAMPLES && bench->count > 1; i++) {
            uint64_t mpidr = bench->mpidrs[sample(bench, i)].value;

            count_call(bench, names[level], 0, arguments(FN64(AFFINITY_INFO), mpidr, level));
        }
    }
}

/* All vCPUs are on, or just the one that is counted: one of them is the worse case. */
static void count_suspend(struct bench *bench, const char *name, uint32_t state)
{
    start(bench);
    count_call(bench, name, 0, arguments(FN64(CPU_SUSPEND), state, ENTRY));
    count_wake(bench, "vpsci_wake, of one that sleeps", 0);
    count_next(bench,
               state == STANDBY ? "vpsci_next, after standby" : "vpsci_next, after powerdown", 0);
    turn_all_on(bench);
    count_call(bench, name, 0, arguments(FN64(CPU_SUSPEND), state, ENTRY));
    count_wake(bench, "vpsci_wake, of one that sleeps", 0);
    count_next(bench,
               state == STANDBY ? "vpsci_next, after standby" : "vpsci_next, after powerdown", 0);
}

/* The last vCPU takes all domains down. */
static void count_last_suspend(struct bench *bench)
{
    start(bench);
    turn_all_on(bench);
    for (uint32_t cpu = 1; cpu < bench->count; cpu++) {
        call(bench, cpu, FN64(CPU_SUSPEND), LEVEL_3_DOWN);
    }
    count_call(bench, "CPU_SUSPEND, level 3", 0, arguments(FN64(CPU_SUSPEND), LEVEL_3_DOWN, ENTRY));
    count_wake(bench, "vpsci_wake, of one that sleeps", 0);
    count_next(bench, "vpsci_next, after powerdown", 0);
}

static void count_suspends(struct bench *bench)
{
    count_suspend(bench, "CPU_SUSPEND, standby", STANDBY);
    count_suspend(bench, "CPU_SUSPEND, powerdown", CORE_DOWN);
    count_suspend(bench, "CPU_SUSPEND, level 1", LEVEL_1_DOWN);
    count_suspend(bench, "CPU_SUSPEND, level 2", LEVEL_2_DOWN);
    count_suspend(bench, "CPU_SUSPEND, level 3", LEVEL_3_DOWN);
    count_last_suspend(bench);
    start(bench);
    count_call(bench, "CPU_SUSPEND, no such state", 0, arguments(FN64(CPU_SUSPEND), 0x1234, ENTRY));
    count_call(bench, "CPU_DEFAULT_SUSPEND", 0, arguments(FN64(CPU_DEFAULT_SUSPEND), ENTRY, 7));
    count_next(bench, "vpsci_next, wait on", 0);
}

/* In OS-initiated mode only the last one may name a level above its own. */
static void count_os_initiated(struct bench *bench)
{
    static const char *const names[] = {"CPU_SUSPEND by OS, level 1", "CPU_SUSPEND by OS, level 2",
                                        "CPU_SUSPEND by OS, level 3"};
    static const uint32_t values[] = {LEVEL_1_DOWN, LEVEL_2_DOWN, LEVEL_3_DOWN};

    for (uint32_t i = 0; i < 3; i++) {
        start(bench);
        call(bench, 0, FN32(SET_SUSPEND_MODE), 1);
        count_call(bench, names[i], 0, arguments(FN64(CPU_SUSPEND), values[i], ENTRY));
        if (bench->count == 1) {
            continue;
        }
        start(bench);
        call(bench, 0, FN32(SET_SUSPEND_MODE), 1);
        turn_all_on(bench);
        count_call(bench, "CPU_SUSPEND by OS, denied", 0,
                   arguments(FN64(CPU_SUSPEND), values[i], ENTRY));
        for (uint32_t cpu = 1; cpu < bench->count; cpu++) {
            call(bench, cpu, FN64(CPU_SUSPEND), CORE_DOWN);
        }
        count_call(bench, names[i], 0, arguments(FN64(CPU_SUSPEND), values[i], ENTRY));
    }
}

static void count_looks(struct bench *bench)
{
    static const char *const hw[] = {"NODE_HW_STATE, level 0", "NODE_HW_STATE, level 1",
                                     "NODE_HW_STATE, level 2", "NODE_HW_STATE, level 3"};
    static const char *const residency[] = {
        "PSCI_STAT_RESIDENCY, level 0", "PSCI_STAT_RESIDENCY, level 1",
        "PSCI_STAT_RESIDENCY, level 2", "PSCI_STAT_RESIDENCY, level 3"};
    uint64_t mpidr = bench->mpidrs[bench->count - 1].value;

    start(bench);
    for (uint32_t level = 0; level <= VPSCI_LEVEL_MAX; level++) {
        count_call(bench, hw[level], 0, arguments(FN64(NODE_HW_STATE), 0, level));
        count_call(bench, hw[level], 0, arguments(FN64(NODE_HW_STATE), mpidr, level));
        count_call(bench, residency[level], 0,
                   arguments(FN64(STAT_RESIDENCY), mpidr, states[level + 1].value));
    }
    count_call(bench, "PSCI_STAT_COUNT", 0, arguments(FN64(STAT_COUNT), mpidr, CORE_DOWN));
}

static void count_system_suspend(struct bench *bench)
{
    start(bench);
    count_call(bench, "SYSTEM_SUSPEND, asked", 0, arguments(FN64(SYSTEM_SUSPEND), ENTRY, 7));
    count_answer(bench, "vpsci_answer, SYSTEM_SUSPEND granted", VPSCI_SUCCESS);
    count_wake(bench, "vpsci_wake, from SYSTEM_SUSPEND", 0);
    count_next(bench, "vpsci_next, after SYSTEM_SUSPEND", 0);
    count_wake(bench, "vpsci_wake, of one that runs", 0);
    call(bench, 0, FN64(SYSTEM_SUSPEND), ENTRY);
    count_answer(bench, "vpsci_answer, SYSTEM_SUSPEND refused", VPSCI_DENIED);
    if (bench->count > 1) {
        start(bench);
        turn_on(bench, bench->count - 1);
        count_call(bench, "SYSTEM_SUSPEND, denied", 0, arguments(FN64(SYSTEM_SUSPEND), ENTRY, 7));
        start(bench);
        turn_all_on(bench);
        count_call(bench, "SYSTEM_SUSPEND, denied", 0, arguments(FN64(SYSTEM_SUSPEND), ENTRY, 7));
    }
}

static void count_stop(struct bench *bench, const char *name, uint32_t function, uint64_t first)
{
    start(bench);
    turn_all_on(bench);
    count_call(bench, name, 0, arguments(function, first, 0));
    count_next(bench, "vpsci_next, stopped", 0);
    count_answer(bench, "vpsci_answer, to the end of a system", VPSCI_SUCCESS);
}

static void count_stops(struct bench *bench)
{
    count_stop(bench, "SYSTEM_OFF", FN32(SYSTEM_OFF), 0);
    count_stop(bench, "SYSTEM_RESET", FN32(SYSTEM_RESET), 0);
    count_stop(bench, "SYSTEM_RESET2", FN64(SYSTEM_RESET2), 0x80000001);
    count_stop(bench, "SYSTEM_OFF2", FN64(SYSTEM_OFF2), 1);
}

static void count_host(struct bench *bench)
{
    start(bench);
    count_find(bench, "vpsci_find, absent", 0xff0000);
    for (uint32_t i = 0; i < SAMPLES && bench->count > 1; i++) {
        count_find(bench, "vpsci_find", bench->mpidrs[sample(bench, i)].value);
    }
    (void)vpsci_mp_state_set(vpsci_vcpu_at(bench->vm, bench->count - 1), VPSCI_MP_STOPPED);
    count_mp_state(bench, "vpsci_mp_state_set, runnable", VPSCI_MP_RUNNABLE);
    count_mp_state(bench, "vpsci_mp_state_set, suspended", VPSCI_MP_SUSPENDED);
    count_mp_state(bench, "vpsci_mp_state_set, stopped", VPSCI_MP_STOPPED);
    start(bench);
    turn_all_on(bench);
    count_save(bench, "vpsci_save");
    count_restore(bench, "vpsci_restore");
    count_reset(bench, "vpsci_reset");
    count_init(bench, "vpsci_init");
}

/* A typical VM: two states of the core, no statistics. */
static void count_plain(struct bench *bench)
{
    const struct vpsci_config full = bench->config;

    bench->config = (struct vpsci_config){.size = sizeof(full),
                                          .vcpu_count = full.vcpu_count,
                                          .mpidrs = full.mpidrs,
                                          .capabilities = VPSCI_CAP_SYSTEM_SUSPEND};
    start(bench);
    count_call(bench, "plain VM: CPU_SUSPEND, standby", 0, arguments(FN64(CPU_SUSPEND), 0, ENTRY));
    (void)vpsci_wake(vpsci_vcpu_at(bench->vm, 0));
    count_next(bench, "plain VM: vpsci_next, after standby", 0);
    count_call(bench, "plain VM: CPU_SUSPEND, powerdown", 0,
               arguments(FN64(CPU_SUSPEND), 0x10000, ENTRY));
    (void)vpsci_wake(vpsci_vcpu_at(bench->vm, 0));
    count_next(bench, "plain VM: vpsci_next, after powerdown", 0);
    if (bench->count > 1) {
        uint32_t last = bench->count - 1;

        count_call(bench, "plain VM: CPU_ON, success", 0,
                   arguments(FN64(CPU_ON), bench->mpidrs[last].value, ENTRY));
        count_next(bench, "plain VM: vpsci_next, to an entry", last);
        count_call(bench, "plain VM: CPU_OFF", last, arguments(FN32(CPU_OFF), 0, 0));
    }
    count_call(bench, "plain VM: SYSTEM_SUSPEND, asked", 0,
               arguments(FN64(SYSTEM_SUSPEND), ENTRY, 7));
    count_answer(bench, "plain VM: vpsci_answer, SYSTEM_SUSPEND granted", VPSCI_SUCCESS);
    start(bench);
    turn_all_on(bench);
    count_save(bench, "plain VM: vpsci_save");
    count_restore(bench, "plain VM: vpsci_restore");
    bench->config = full;
}

static void make_mpidrs(struct bench *bench)
{
    bench->mpidrs = calloc(bench->count, sizeof(*bench->mpidrs));
    for (uint32_t i = 0; bench->mpidrs && i < bench->count; i++) {
        uint32_t half = (bench->count + 1) / 2;
        uint64_t aff3 = i / half;
        uint64_t rest = i % half;

        bench->mpidrs[i].value =
            aff3 << 32 | (rest >> 8) << 16 | (rest >> 4 & 15) << 8 | (rest & 15);
    }
}

static void make_config(struct bench *bench)
{
    const uint32_t state_count = sizeof(states) / sizeof(states[0]);

    bench->config = (struct vpsci_config){
        .size = sizeof(struct vpsci_config),
        .vcpu_count = bench->count,
        .mpidrs = bench->mpidrs,
        .capabilities = (VPSCI_CAP_MEM_PROTECT << 1) - 1,
        .options = VPSCI_OPTION_EXTENDED_STATE,
        .states = states,
        .state_count = state_count,
        .trusted_os = bench->count > 1 ? VPSCI_TRUSTED_OS_MIGRATABLE : VPSCI_TRUSTED_OS_NONE,
        .statistics_size = vpsci_statistics_size(bench->count, state_count),
        .ops = &ops,
        .host = bench,
    };
    bench->config.statistics =
        aligned_alloc(VPSCI_ALIGNMENT, (bench->config.statistics_size + VPSCI_ALIGNMENT - 1) /
                                           VPSCI_ALIGNMENT * VPSCI_ALIGNMENT);
}

static void count_all(uint32_t count)
{
    struct bench bench = {.count = count};

    make_mpidrs(&bench);
    make_config(&bench);
    bench.size = vpsci_size(&bench.config);
    bench.memory = aligned_alloc(VPSCI_ALIGNMENT, (bench.size + VPSCI_ALIGNMENT - 1) /
                                                      VPSCI_ALIGNMENT * VPSCI_ALIGNMENT);
    count_simple_calls(&bench);
    count_cpu_on(&bench);
    count_asked(&bench);
    count_affinity_info(&bench);
    count_suspends(&bench);
    count_os_initiated(&bench);
    count_looks(&bench);
    count_system_suspend(&bench);
    count_stops(&bench);
    count_host(&bench);
    count_plain(&bench);
    free(bench.memory);
    free(bench.record);
    free(bench.mpidrs);
    free(bench.config.statistics);
}

/* vpsci_size() without domains above the core, the same with those of `states`, and that for
 * statistics. */
static void print_sizes(uint32_t count)
{
    const struct vpsci_config plain = {.size = sizeof(plain), .vcpu_count = count};
    const struct vpsci_config deep = {.size = sizeof(deep),
                                      .vcpu_count = count,
                                      .states = states,
                                      .state_count = sizeof(states) / sizeof(states[0])};

    (void)printf("%u %zu %zu %zu\n", (unsigned)count, vpsci_size(&plain), vpsci_size(&deep),
                 vpsci_statistics_size(count, deep.state_count));
}

/* `vpsci_calls size` prints sizes for each number of vCPUs. */
int main(int count, char **arguments_given)
{
    static const uint32_t counts[] = {1, 8, 64, 512, 4096};

    for (uint32_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        if (count > 1 && strcmp(arguments_given[1], "size") == 0) {
            print_sizes(counts[i]);
        } else {
            count_all(counts[i]);
        }
    }
    return 0;
}
