/* SPDX-License-Identifier: BSD-2-Clause */
#include "spoil.h"

#include <string.h>

/* One attempt: the arguments of vpsci_init(), and copies of what they point to. */
struct attempt {
    struct vpsci_config config;
    struct vpsci_mpidr mpidrs[MODEL_VCPU_MAX];
    struct vpsci_power_state states[VPSCI_STATE_MAX];
    uint16_t domains[VPSCI_LEVEL_MAX][MODEL_VCPU_MAX];
    uint8_t *memory;
    size_t size;
    uint32_t which; /* vCPU or entry is spoilt */
};

/* Each spoils one thing; false if this configuration does not have it. */
static bool no_vcpus(struct attempt *a)
{
    a->config.vcpu_count = 0;
    return true;
}

static bool too_many_vcpus(struct attempt *a)
{
    a->config.vcpu_count = VPSCI_VCPU_MAX + 1;
    return true;
}

static bool no_mpidrs(struct attempt *a)
{
    a->config.mpidrs = NULL;
    return true;
}

static bool bad_boot_vcpu(struct attempt *a)
{
    a->config.boot_vcpu = a->config.vcpu_count;
    return true;
}

static bool bad_trusted_os(struct attempt *a)
{
    a->config.trusted_os = VPSCI_TRUSTED_OS_FIXED;
    a->config.trusted_os++;
    return true;
}

static bool bad_trusted_os_vcpu(struct attempt *a)
{
    a->config.trusted_os_vcpu = a->config.vcpu_count;
    return true;
}

static bool unknown_capability(struct attempt *a)
{
    a->config.capabilities |= UINT32_C(1) << 10;
    return true;
}

static bool unknown_option(struct attempt *a)
{
    a->config.options |= UINT32_C(1) << 3;
    return true;
}

static bool equal_ids(struct attempt *a)
{
    static const uint32_t ids[4] = {0x84000001, 0x84000002, 0x84000003, 0x84000001};

    memcpy(a->config.ids_0_1, ids, sizeof(ids));
    return true;
}

static bool misaligned_memory(struct attempt *a)
{
    a->memory += 8;
    return true;
}

static bool no_memory(struct attempt *a)
{
    a->memory = NULL;
    return true;
}

static bool little_memory(struct attempt *a)
{
    a->size--;
    return true;
}

static bool little_room_for_statistics(struct attempt *a)
{
    a->config.statistics_size--;
    return a->config.statistics != NULL;
}

static bool misaligned_statistics(struct attempt *a)
{
    if (a->config.statistics == NULL) {
        return false;
    }
    a->config.statistics = (uint8_t *)a->config.statistics + 8;
    return true;
}

static bool bad_mpidr(struct attempt *a)
{
    a->mpidrs[a->which % a->config.vcpu_count].value |= UINT64_C(1) << (24 + a->which % 8);
    return true;
}

static bool equal_mpidrs(struct attempt *a)
{
    uint32_t i = a->which % a->config.vcpu_count;
    uint32_t j = (i + 1) % a->config.vcpu_count;

    a->mpidrs[i] = a->mpidrs[j];
    return i != j;
}

static bool bad_version(struct attempt *a)
{
    a->config.version = VPSCI_VERSION_NEWEST + 1;
    return true;
}

static bool bad_smccc_version(struct attempt *a)
{
    a->config.smccc_version = 0x10006;
    return true;
}

static struct vpsci_power_state *choose_entry(struct attempt *a)
{
    return a->config.states != NULL ? &a->states[a->which % a->config.state_count] : NULL;
}

static bool too_many_states(struct attempt *a)
{
    a->config.state_count = VPSCI_STATE_MAX + 1;
    return a->config.states != NULL;
}

static bool bad_level(struct attempt *a)
{
    struct vpsci_power_state *state = choose_entry(a);

    if (state == NULL) {
        return false;
    }
    state->level = MODEL_LEVELS;
    return true;
}

static bool bad_local(struct attempt *a)
{
    struct vpsci_power_state *state = choose_entry(a);

    if (state == NULL) {
        return false;
    }
    state->local = VPSCI_HW_ON;
    return true;
}

static bool bad_below(struct attempt *a)
{
    struct vpsci_power_state *state = choose_entry(a);

    if (state == NULL) {
        return false;
    }
    /* Itself is not earlier in the table, and at level 0 there is nothing beneath. */
    state->below = (uint8_t)(a->which % a->config.state_count);
    return true;
}

static bool bad_state_type(struct attempt *a)
{
    struct vpsci_power_state *state = choose_entry(a);
    bool extended = (a->config.options & VPSCI_OPTION_EXTENDED_STATE) != 0;

    if (state == NULL) {
        return false;
    }
    state->value ^= UINT32_C(1) << (extended ? 30 : 16);
    return true;
}

static bool equal_values(struct attempt *a)
{
    uint32_t e = a->which % (a->config.state_count > 0 ? a->config.state_count : 1);

    if (a->config.states == NULL || e == 0) {
        return false;
    }
    a->states[e] = a->states[e - 1];
    return true;
}

static bool bad_domain(struct attempt *a)
{
    uint32_t i = a->which % a->config.vcpu_count;

    if (a->config.domains[0] == NULL) {
        return false;
    }
    /* The lowest index of a domain is no higher than that of any vCPU in it. */
    a->domains[0][i] = (uint16_t)(i + 1);
    return true;
}

static bool domain_in_two(struct attempt *a)
{
    uint32_t i = a->which % a->config.vcpu_count;

    if (a->config.domains[0] == NULL || a->domains[0][i] == i || a->domains[1][i] == i) {
        return false;
    }
    /* In a domain of level 2 of its own, out of the one that its domain of level 1 is in. */
    a->domains[1][i] = (uint16_t)i;
    return true;
}

static const struct {
    const char *what;
    int error;
    bool (*spoil)(struct attempt *a);
} ways[] = {
    {"no vCPUs", VPSCI_E_ARGUMENT, no_vcpus},
    {"too many vCPUs", VPSCI_E_ARGUMENT, too_many_vcpus},
    {"no MPIDRs", VPSCI_E_ARGUMENT, no_mpidrs},
    {"boot vCPU out of range", VPSCI_E_ARGUMENT, bad_boot_vcpu},
    {"kind of Trusted OS out of range", VPSCI_E_ARGUMENT, bad_trusted_os},
    {"vCPU of the Trusted OS out of range", VPSCI_E_ARGUMENT, bad_trusted_os_vcpu},
    {"unknown capability", VPSCI_E_ARGUMENT, unknown_capability},
    {"unknown option", VPSCI_E_ARGUMENT, unknown_option},
    {"equal IDs for 0.1", VPSCI_E_ARGUMENT, equal_ids},
    {"misaligned memory", VPSCI_E_ARGUMENT, misaligned_memory},
    {"no memory", VPSCI_E_ARGUMENT, no_memory},
    {"misaligned statistics", VPSCI_E_ARGUMENT, misaligned_statistics},
    {"too many states", VPSCI_E_ARGUMENT, too_many_states},
    {"little memory", VPSCI_E_MEMORY, little_memory},
    {"little room for statistics", VPSCI_E_MEMORY, little_room_for_statistics},
    {"other bits in an MPIDR", VPSCI_E_MPIDR, bad_mpidr},
    {"equal MPIDRs", VPSCI_E_MPIDR, equal_mpidrs},
    {"no such version of PSCI", VPSCI_E_VERSION, bad_version},
    {"no such version of the SMCCC", VPSCI_E_VERSION, bad_smccc_version},
    {"level out of range", VPSCI_E_STATES, bad_level},
    {"state that is on", VPSCI_E_STATES, bad_local},
    {"wrong entry beneath", VPSCI_E_STATES, bad_below},
    {"wrong StateType", VPSCI_E_STATES, bad_state_type},
    {"equal values", VPSCI_E_STATES, equal_values},
    {"domain without its lowest vCPU", VPSCI_E_STATES, bad_domain},
    {"domain in two of the next level", VPSCI_E_STATES, domain_in_two},
};

static void copy_world(struct attempt *a, const struct world *w)
{
    a->config = w->configs[0];
    a->memory = w->memory[0];
    a->size = w->memory_size;
    memcpy(a->mpidrs, w->mpidrs, sizeof(a->mpidrs));
    memcpy(a->states, w->states, sizeof(a->states));
    memcpy(a->domains, w->domains, sizeof(a->domains));
    a->config.mpidrs = a->mpidrs;
    a->config.states = w->configs[0].states != NULL ? a->states : NULL;
    for (int level = 0; level < VPSCI_LEVEL_MAX; level++) {
        a->config.domains[level] = w->configs[0].domains[level] != NULL ? a->domains[level] : NULL;
    }
}

bool spoil(struct world *w, struct choices *c, struct spoiled *result)
{
    static struct attempt a;
    size_t n = choose(c, sizeof(ways) / sizeof(ways[0]));
    /* Anything but NULL, which it has to become. */
    struct vpsci_vm *vm = (struct vpsci_vm *)(uintptr_t)w->memory[0];

    copy_world(&a, w);
    a.which = choose(c, 1024);
    *result = (struct spoiled){.what = ways[n].what, .error = ways[n].error};
    if (!ways[n].spoil(&a)) {
        return true;
    }
    result->got = vpsci_init(a.memory, a.size, &a.config, &vm);
    result->vm_is_null = vm == NULL;
    return result->got == result->error && result->vm_is_null;
}
