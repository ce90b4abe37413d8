/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every sequence of steps up to some length, of three vCPUs, in a few configurations: the library
 * against the model. After the first two steps of each the VM is saved and restored into another.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lockstep.h"

enum { VCPUS = 3, LETTERS_MAX = 128, DEPTH_MAX = 8, PATH_MAX_STEPS = 32, RESTORED_AT = 2 };

#define ENTRY UINT64_C(0x40080000)

/* One configuration, and where it starts. */
struct setting {
    const char *name;
    uint32_t version;
    uint32_t options;
    enum vpsci_trusted_os trusted_os;
    bool aarch32;
    bool composite;    /* states of three levels, for domains of two vCPUs and of all */
    bool all_on;       /* the others have been started */
    bool os_initiated; /* the first call chose that mode */
};

static const struct setting settings[] = {
    {.name = "at the start", .version = VPSCI_VERSION_1_3},
    {.name = "all on", .version = VPSCI_VERSION_1_3, .all_on = true},
    {.name = "the host is asked, nothing is ever pending",
     .version = VPSCI_VERSION_1_1,
     .options = VPSCI_OPTION_ASK_CPU_ON | VPSCI_OPTION_NO_ON_PENDING},
    {.name = "the host is asked, the Trusted OS moves",
     .version = VPSCI_VERSION_1_3,
     .options = VPSCI_OPTION_ASK_CPU_ON,
     .trusted_os = VPSCI_TRUSTED_OS_MIGRATABLE,
     .all_on = true},
    {.name = "0.2, AArch32, the Trusted OS is fixed",
     .version = VPSCI_VERSION_0_2,
     .trusted_os = VPSCI_TRUSTED_OS_FIXED,
     .aarch32 = true},
    {.name = "composite states",
     .version = VPSCI_VERSION_1_3,
     .options = VPSCI_OPTION_EXTENDED_STATE,
     .composite = true,
     .all_on = true},
    {.name = "composite states, OS-initiated",
     .version = VPSCI_VERSION_1_3,
     .options = VPSCI_OPTION_EXTENDED_STATE,
     .composite = true,
     .all_on = true,
     .os_initiated = true},
};

/* Shallow ones first: of a core, of two of them, of all three. */
static const struct vpsci_power_state composites[] = {
    {.value = 0, .local = VPSCI_HW_STANDBY, .below = VPSCI_NO_STATE},
    {.value = 0x40000001, .local = VPSCI_HW_OFF, .below = VPSCI_NO_STATE},
    {.value = 0x40000011, .level = 1, .local = VPSCI_HW_STANDBY, .below = 1},
    {.value = 0x40000012, .level = 1, .local = VPSCI_HW_OFF, .below = 1},
    {.value = 0x40000123, .level = 2, .local = VPSCI_HW_OFF, .below = 3},
};

/* All that has to be put back to try another step. */
struct snapshot {
    struct model model;
    int current;
    uint64_t now;
    uint8_t *memory;
    uint8_t *statistics;
};

static struct lockstep lockstep;
static struct world world;
static struct step letters[LETTERS_MAX];
static size_t letter_count;
static struct step path[PATH_MAX_STEPS];
static size_t path_length;
static struct snapshot snapshots[DEPTH_MAX];
static uint64_t sequences;

static void keep_snapshot(struct snapshot *s)
{
    const struct vpsci_config *config = &world.configs[lockstep.current];

    model_copy(&s->model, &lockstep.model);
    s->current = lockstep.current;
    s->now = world.host.now;
    memcpy(s->memory, world.memory[s->current], world.memory_size);
    memcpy(s->statistics, config->statistics, config->statistics_size);
}

static void put_back(const struct snapshot *s)
{
    const struct vpsci_config *config = &world.configs[s->current];

    model_copy(&lockstep.model, &s->model);
    world.host.now = s->now;
    memcpy(world.memory[s->current], s->memory, world.memory_size);
    memcpy(config->statistics, s->statistics, config->statistics_size);
    if (lockstep.current != s->current) {
        lockstep_switch(&lockstep, s->current);
    }
}

static void add_letter(enum step_kind kind, uint8_t vcpu, int64_t value)
{
    letters[letter_count++] = (struct step){.kind = kind, .vcpu = vcpu, .ticks = 7, .value = value};
}

static void add_call(uint8_t vcpu, uint32_t id, uint64_t arg0, uint64_t arg1, uint64_t arg2)
{
    bool wide = id >= VPSCI_FID_64;

    if (world.aarch32 && wide) {
        id -= VPSCI_FID_64 - VPSCI_FID_32;
    }
    add_letter(STEP_CALL, vcpu, 0);
    letters[letter_count - 1].call = (struct vpsci_guest_call){
        .function = id, .args = {arg0, arg1, arg2}, .aarch32 = world.aarch32};
}

static void add_cpu_calls(const struct setting *setting, uint8_t i)
{
    for (int n = 1; n < VCPUS; n++) {
        uint64_t other = world.mpidrs[(i + n) % VCPUS].value;
        add_call(i, VPSCI_FID_64 + VPSCI_FN_CPU_ON, other, ENTRY, 100U + i);
        if (setting->trusted_os == VPSCI_TRUSTED_OS_MIGRATABLE) {
            add_call(i, VPSCI_FID_64 + VPSCI_FN_MIGRATE, other, 0, 0);
        }
    }
    for (int e = 0; e < lockstep.model.state_count; e++) {
        add_call(i, VPSCI_FID_64 + VPSCI_FN_CPU_SUSPEND, lockstep.model.states[e].value,
                 ENTRY + 0x100 + i, i);
    }
    add_call(i, VPSCI_FID_32 + VPSCI_FN_CPU_OFF, 0, 0, 0);
    if (setting->version >= VPSCI_VERSION_1_0) {
        add_call(i, VPSCI_FID_32 + VPSCI_FN_CPU_FREEZE, 0, 0, 0);
        add_call(i, VPSCI_FID_64 + VPSCI_FN_CPU_DEFAULT_SUSPEND, ENTRY + 0x200, i, 0);
    }
}

static void add_system_calls(const struct setting *setting, uint8_t i)
{
    add_call(i, VPSCI_FID_64 + VPSCI_FN_AFFINITY_INFO, world.mpidrs[(i + 1) % VCPUS].value, 0, 0);
    add_call(i, VPSCI_FID_32 + VPSCI_FN_SYSTEM_RESET, 0, 0, 0);
    if (setting->version >= VPSCI_VERSION_1_0) {
        add_call(i, VPSCI_FID_64 + VPSCI_FN_SYSTEM_SUSPEND, ENTRY + 0x300, i, 0);
    }
    if (setting->composite) {
        add_call(i, VPSCI_FID_32 + VPSCI_FN_SET_SUSPEND_MODE, !setting->os_initiated, 0, 0);
    }
    if (!setting->composite && setting->version >= VPSCI_VERSION_1_1) {
        add_call(i, VPSCI_FID_32 + VPSCI_FN_MEM_PROTECT, 1, 0, 0);
        add_call(i, VPSCI_FID_64 + VPSCI_FN_SYSTEM_RESET2, 0, i, 0);
    }
}

static void add_host_steps(uint8_t i)
{
    add_letter(STEP_NEXT, i, 0);
    add_letter(STEP_WAKE, i, 0);
    add_letter(STEP_ANSWER, i, VPSCI_SUCCESS);
    add_letter(STEP_ANSWER, i, VPSCI_DENIED);
    add_letter(STEP_MP_STATE, i, VPSCI_MP_RUNNABLE);
    add_letter(STEP_MP_STATE, i, VPSCI_MP_STOPPED);
    add_letter(STEP_MP_STATE, i, VPSCI_MP_SUSPENDED);
}

static void make_letters(const struct setting *setting)
{
    letter_count = 0;
    for (int n = 0; n < VCPUS; n++) {
        uint8_t i = (uint8_t)n;
        add_cpu_calls(setting, i);
        add_system_calls(setting, i);
        add_host_steps(i);
    }
    add_letter(STEP_RESET, 0, 0);
}

static uint64_t read_clock(void *host)
{
    const struct world_host *h = host;

    return h->now;
}

static void make_world(const struct setting *setting)
{
    static const uint64_t names[VCPUS] = {0x0, 0x1, 0x100};

    memset(&world, 0, sizeof(world));
    for (int i = 0; i < VCPUS; i++) {
        world.mpidrs[i].value = names[i];
    }
    world.ops.now = read_clock;
    world.aarch32 = setting->aarch32;
    world.configs[0] = (struct vpsci_config){
        .size = sizeof(struct vpsci_config),
        .vcpu_count = VCPUS,
        .mpidrs = world.mpidrs,
        .version = setting->version,
        .capabilities = 0x3ff,
        .options = setting->options,
        .trusted_os = setting->trusted_os,
        .trusted_os_vcpu = 1,
        .statistics_size = 1,
        .ops = &world.ops,
        .host = &world.host,
    };
    if (setting->composite) {
        memcpy(world.states, composites, sizeof(composites));
        world.configs[0].states = world.states;
        world.configs[0].state_count = sizeof(composites) / sizeof(composites[0]);
    }
    world_furnish(&world);
}

static bool take_step(const struct step *step)
{
    path[path_length++] = *step;
    return lockstep_step(&lockstep, step);
}

static bool prepare_setting(const struct setting *setting)
{
    bool alike = lockstep_begin(&lockstep, &world);

    path_length = 0;
    for (uint8_t i = 1; setting->all_on && alike && i < VCPUS; i++) {
        struct step step = {.kind = STEP_MP_STATE, .vcpu = i, .value = VPSCI_MP_RUNNABLE};
        alike = take_step(&step);
    }
    if (setting->os_initiated && alike) {
        struct step step = {.kind = STEP_CALL, .ticks = 1};
        step.call.function = VPSCI_FID_32 + VPSCI_FN_SET_SUSPEND_MODE;
        step.call.args[0] = 1;
        alike = take_step(&step);
    }
    return alike;
}

static bool explore_sequences(uint32_t depth, uint32_t depth_max);

/* One step, all that follows from it, and the way back. */
static bool try_letter(const struct step *letter, uint32_t depth, uint32_t depth_max)
{
    static const struct step restore = {.kind = STEP_RESTORE};
    size_t before = path_length;

    put_back(&snapshots[depth]);
    sequences++;
    if (!take_step(letter) || !lockstep_look(&lockstep) ||
        (depth + 1 == RESTORED_AT && !take_step(&restore))) {
        return false;
    }
    if (depth + 1 < depth_max && !explore_sequences(depth + 1, depth_max)) {
        return false;
    }
    path_length = before;
    return true;
}

static bool explore_sequences(uint32_t depth, uint32_t depth_max)
{
    if (!lockstep_look_as_guest(&lockstep)) {
        return false;
    }
    keep_snapshot(&snapshots[depth]);
    for (size_t n = 0; n < letter_count; n++) {
        if (!try_letter(&letters[n], depth, depth_max)) {
            return false;
        }
    }
    return true;
}

static void get_snapshots(uint32_t depth)
{
    for (uint32_t n = 0; n < depth; n++) {
        snapshots[n].memory = malloc(world.memory_size);
        snapshots[n].statistics = malloc(world.configs[0].statistics_size);
        if (snapshots[n].memory == NULL || snapshots[n].statistics == NULL) {
            abort();
        }
        model_init(&snapshots[n].model, &world.configs[0]);
    }
}

static void drop_snapshots(uint32_t depth)
{
    for (uint32_t n = 0; n < depth; n++) {
        free(snapshots[n].memory);
        free(snapshots[n].statistics);
    }
}

/* @return false after a difference. */
static bool run_setting(const struct setting *setting, uint32_t depth)
{
    bool alike;

    make_world(setting);
    get_snapshots(depth);
    alike = prepare_setting(setting);
    if (alike) {
        make_letters(setting);
        alike = explore_sequences(0, depth);
    }
    lockstep_end(&lockstep);
    if (!alike) {
        (void)fprintf(stderr, "lockstep_all: %s:\n", setting->name);
        lockstep_report(&lockstep, &world, path, path_length, stderr);
    }
    drop_snapshots(depth);
    world_drop(&world);
    return alike;
}

static double read_seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int run_settings(uint32_t depth)
{
    const size_t setting_count = sizeof(settings) / sizeof(settings[0]);
    double since = read_seconds();
    uint32_t differences = 0;

    for (size_t n = 0; n < setting_count; n++) {
        if (isatty(STDERR_FILENO) == 1) {
            (void)fprintf(stderr, "lockstep_all: %.1f s, %s\n", read_seconds() - since,
                          settings[n].name);
        }
        differences += run_setting(&settings[n], depth) ? 0 : 1;
    }
    (void)fprintf(stderr,
                  "lockstep_all: %" PRIu64 " sequences of up to %" PRIu32
                  " steps, %zu configurations, %.1f s, %" PRIu32 " differences\n",
                  sequences, depth, setting_count, read_seconds() - since, differences);
    return differences == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"depth", required_argument, NULL, 'd'},
                                          {NULL, 0, NULL, 0}};
    unsigned long depth = 4;
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) == 'd') {
        depth = strtoul(optarg, NULL, 10);
    }
    if (option != -1 || optind != argc || depth < 1 || depth > DEPTH_MAX) {
        (void)fprintf(stderr, "usage: lockstep_all [--depth N], 1 to %d\n", DEPTH_MAX);
        return 2;
    }
    return run_settings((uint32_t)depth);
}
