/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool entry_is_valid(void *host, struct vpsci_ipa address)
{
    struct world_host *h = host;

    h->broken |= (address.value & 1) != 0;
    return (address.value & h->bad_address) != h->bad_address;
}

static bool range_is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    struct world_host *h = host;

    h->broken |= length == 0 || base.value + length - 1 < base.value;
    return (base.value & h->bad_base) == 0;
}

static uint64_t read_clock(void *host)
{
    const struct world_host *h = host;

    return h->now;
}

/* A quarter of 64 bits. */
static uint64_t few_bits(struct choices *c)
{
    uint64_t bits = choose_bits(c);

    return bits & choose_bits(c);
}

static uint64_t mpidr_of_layout(struct choices *c, uint32_t layout, uint64_t i)
{
    switch (layout) {
    case 0: /* dense */
        return i;
    case 1: /* clusters of two */
        return ((i / 2) << 8) | (i % 2);
    case 2: /* two levels of clusters, in all three fields */
        return ((i / 4) << 16) | ((i / 2 % 2) << 8) | (i % 2);
    case 3: /* the same, four fields, from above */
        i = 0xff - i;
        return ((i / 8) << 32) | ((i / 4 % 2) << 16) | ((i / 2 % 2) << 8) | (i % 2);
    case 4: /* as KVM numbers them */
        return ((i / 16) << 8) | (i % 16);
    case 5: /* few bits set, many in common */
        return few_bits(c) & MODEL_AFFINITY;
    default:
        return choose_bits(c) & MODEL_AFFINITY;
    }
}

static bool is_taken(const struct world *w, uint32_t i, uint64_t mpidr)
{
    for (uint32_t j = 0; j < i; j++) {
        if (w->mpidrs[j].value == mpidr) {
            return true;
        }
    }
    return false;
}

static void make_mpidrs(struct world *w, struct choices *c, uint32_t count)
{
    uint32_t layout = choose(c, 7);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t mpidr = mpidr_of_layout(c, layout, i);
        while (is_taken(w, i, mpidr)) {
            mpidr = (mpidr + 1) & MODEL_AFFINITY;
        }
        w->mpidrs[i].value = mpidr;
    }
}

/* Each domain of the level beneath, by its lowest vCPU, founds a domain or joins an earlier one. */
static void make_domains(struct world *w, struct choices *c, uint32_t count)
{
    for (int level = 0; level < VPSCI_LEVEL_MAX; level++) {
        uint16_t *lead = w->domains[level];
        for (uint32_t i = 0; i < count; i++) {
            uint32_t inner = level == 0 ? i : w->domains[level - 1][i];
            if (inner != i) {
                lead[i] = lead[inner];
            } else {
                lead[i] = i == 0 || one_in(c, 2) ? (uint16_t)i : lead[choose(c, i)];
            }
        }
    }
}

static int earlier_of_level(const struct world *w, struct choices *c, uint32_t e, int level)
{
    int found = MODEL_NONE;

    for (uint32_t i = 0; i < e; i++) {
        if (w->states[i].level == level && (found == MODEL_NONE || one_in(c, 2))) {
            found = (int)i;
        }
    }
    return found;
}

static bool core_is_off(const struct world *w, const struct vpsci_power_state *state)
{
    while (state->level > 0) {
        state = &w->states[state->below];
    }
    return state->local == VPSCI_HW_OFF;
}

static uint32_t value_of(const struct world *w, struct choices *c,
                         const struct vpsci_power_state *state, bool extended)
{
    uint32_t off = core_is_off(w, state) ? 1 : 0;

    if (extended) {
        uint32_t mask = one_in(c, 2) ? UINT32_C(0x33) : UINT32_C(0x0fffffff);
        return (uint32_t)(choose_bits(c) & mask) | off << 30;
    }
    uint32_t mask = one_in(c, 2) ? UINT32_C(0x33) : UINT32_C(0xffff);
    return (uint32_t)(choose_bits(c) & mask) | off << 16 | (uint32_t)state->level << 24;
}

static bool value_is_taken(const struct world *w, uint32_t e, uint32_t value)
{
    for (uint32_t i = 0; i < e; i++) {
        if (w->states[i].value == value) {
            return true;
        }
    }
    return false;
}

static void make_state(struct world *w, struct choices *c, uint32_t e, bool extended, int highest)
{
    struct vpsci_power_state *state = &w->states[e];
    int level = (int)choose(c, (uint32_t)highest + 1);
    int below = earlier_of_level(w, c, e, level - 1);

    if (level > 0 && below == MODEL_NONE) {
        level = 0;
    }
    *state = (struct vpsci_power_state){.level = (uint8_t)level, .below = VPSCI_NO_STATE};
    state->local = one_in(c, 2) ? VPSCI_HW_OFF : VPSCI_HW_STANDBY;
    if (level > 0) {
        state->below = (uint8_t)below;
        if (w->states[below].local != VPSCI_HW_OFF) {
            state->local = VPSCI_HW_STANDBY;
        }
    }
    state->value = value_of(w, c, state, extended);
    while (value_is_taken(w, e, state->value)) {
        /* The next StateID, with all else as it is. */
        uint32_t mask = extended ? UINT32_C(0x0fffffff) : UINT32_C(0xffff);
        state->value = (state->value & ~mask) | ((state->value + 1) & mask);
    }
}

static void make_states(struct world *w, struct choices *c, struct vpsci_config *config)
{
    bool extended = (config->options & VPSCI_OPTION_EXTENDED_STATE) != 0;
    int highest = w->deep ? 2 : (int)choose(c, MODEL_LEVELS);
    bool ordered = !one_in(c, 4);

    if (one_in(c, 4) && !w->deep) {
        return;
    }
    config->states = w->states;
    config->state_count = 1 + (one_in(c, 32) ? choose(c, VPSCI_STATE_MAX) : choose(c, 10));
    for (uint32_t e = 0; e < config->state_count; e++) {
        make_state(w, c, e, extended, highest);
        if (ordered && !model_states_are_ordered(w->states, (int)e + 1)) {
            /* The next will do, or the one after that. */
            e--;
            config->state_count--;
        }
    }
}

static void make_versions(struct choices *c, struct vpsci_config *config)
{
    static const uint32_t versions[] = {VPSCI_VERSION_0_1,
                                        VPSCI_VERSION_0_2,
                                        VPSCI_VERSION_1_0,
                                        VPSCI_VERSION_1_1,
                                        VPSCI_VERSION_1_2,
                                        VPSCI_VERSION_1_3,
                                        VPSCI_VERSION_1_3,
                                        VPSCI_VERSION_1_3,
                                        0,
                                        0};
    static const uint32_t ids[][4] = {{0, 0, 0, 0},
                                      {0x84000001, 0x84000002, 0x84000003, 0x84000005},
                                      {MODEL_ID_KVM + 2, 0, 0x80000000, 0x12345678},
                                      {0xc4000002, 0xc4000001, 0xc4000004, 0xc4010003}};

    config->version = versions[choose(c, 10)];
    config->smccc_version = one_in(c, 4) ? 0 : 0x10000 + choose(c, 6);
    memcpy(config->ids_0_1, ids[choose(c, 4)], sizeof(config->ids_0_1));
}

static void make_ops(struct world *w, struct choices *c, struct vpsci_config *config)
{
    w->ops = (struct vpsci_ops){
        .entry_is_valid = one_in(c, 3) ? NULL : entry_is_valid,
        .range_is_protected = one_in(c, 4) ? NULL : range_is_protected,
        .now = one_in(c, 8) ? NULL : read_clock,
    };
    w->host.bad_address = UINT64_C(0x100000) << (one_in(c, 2) ? 0 : 20);
    w->host.bad_base = UINT64_C(0x200000);
    config->ops = one_in(c, 16) ? NULL : &w->ops;
    config->host = &w->host;
}

static void make_domain_tree(struct world *w, struct choices *c, struct vpsci_config *config)
{
    if (one_in(c, 2) && !w->deep) {
        return;
    }
    make_domains(w, c, config->vcpu_count);
    for (uint32_t i = 0; w->deep && i < config->vcpu_count; i++) {
        w->domains[1][i] = 0;
        w->domains[2][i] = 0;
    }
    for (int level = 0; level < VPSCI_LEVEL_MAX; level++) {
        config->domains[level] = w->domains[level];
    }
}

static uint32_t vcpu_count(const struct world *w, struct choices *c)
{
    if (w->deep) {
        return 2 + choose(c, 3);
    }
    if (one_in(c, 128)) {
        return 10 + choose(c, MODEL_VCPU_MAX - 9);
    }
    return 1 + (one_in(c, 2) ? choose(c, 9) : choose(c, 5));
}

void world_make(struct world *w, struct choices *c, uint32_t vcpus)
{
    struct vpsci_config *config = &w->configs[0];

    memset(w, 0, sizeof(*w));
    w->deep = one_in(c, 3);
    config->size = sizeof(*config);
    config->vcpu_count = vcpus != 0 ? vcpus : vcpu_count(w, c);
    config->boot_vcpu = one_in(c, 2) ? 0 : choose(c, config->vcpu_count);
    config->capabilities = (uint32_t)~few_bits(c) & 0x3ff;
    if (one_in(c, 3)) {
        config->capabilities = 0x3ff;
    }
    config->options = (uint32_t)few_bits(c) & 7;
    config->mpidrs = w->mpidrs;
    make_mpidrs(w, c, config->vcpu_count);
    make_versions(c, config);
    make_states(w, c, config);
    make_domain_tree(w, c, config);
    make_ops(w, c, config);
    config->trusted_os = one_in(c, 2) ? VPSCI_TRUSTED_OS_NONE : (enum vpsci_trusted_os)choose(c, 4);
    config->trusted_os_vcpu = choose(c, config->vcpu_count);
    config->statistics_size = one_in(c, 3) ? 0 : 1; /* 1: wanted */
    w->aarch32 = one_in(c, 4);
    world_furnish(w);
}

static void *allocate_aligned(size_t size)
{
    void *memory = NULL;

    if (posix_memalign(&memory, VPSCI_ALIGNMENT, size) != 0) {
        abort();
    }
    /* Not zero: nothing may rely on that. */
    memset(memory, 0xa5, size);
    return memory;
}

void world_furnish(struct world *w)
{
    bool statistics = w->configs[0].statistics_size != 0;
    uint32_t states = w->configs[0].states != NULL ? w->configs[0].state_count : 2;

    w->memory_size = vpsci_size(&w->configs[0]);
    for (int vm = 0; vm < WORLD_VMS; vm++) {
        w->configs[vm] = w->configs[0];
        w->memory[vm] = allocate_aligned(w->memory_size);
        if (statistics) {
            size_t size = vpsci_statistics_size(w->configs[0].vcpu_count, states);
            w->configs[vm].statistics = allocate_aligned(size);
            w->configs[vm].statistics_size = size;
        }
    }
}

void world_drop(struct world *w)
{
    for (int vm = 0; vm < WORLD_VMS; vm++) {
        free(w->memory[vm]);
        free(w->configs[vm].statistics);
    }
}

static void print_domains(const struct world *w, FILE *to)
{
    const struct vpsci_config *config = &w->configs[0];

    for (int level = 0; level < VPSCI_LEVEL_MAX; level++) {
        if (config->domains[level] == NULL) {
            continue;
        }
        (void)fprintf(to, "  domains of level %d:", level + 1);
        for (uint32_t i = 0; i < config->vcpu_count; i++) {
            (void)fprintf(to, " %d", config->domains[level][i]);
        }
        (void)fprintf(to, "\n");
    }
}

static void print_states(const struct world *w, FILE *to)
{
    for (uint32_t e = 0; e < w->configs[0].state_count; e++) {
        const struct vpsci_power_state *state = &w->states[e];
        (void)fprintf(to, "  state %" PRIu32 ": value 0x%" PRIx32 ", level %d, %s, below %d\n", e,
                      state->value, state->level, state->local == VPSCI_HW_OFF ? "off" : "standby",
                      state->below == VPSCI_NO_STATE ? MODEL_NONE : state->below);
    }
}

void world_print(const struct world *w, FILE *to)
{
    static const char *const trusted[] = {"none", "multiprocessor", "migratable", "fixed"};
    const struct vpsci_config *config = &w->configs[0];

    (void)fprintf(to,
                  "configuration: %" PRIu32 " vCPUs, boot %" PRIu32 ", PSCI 0x%" PRIx32
                  ", SMCCC 0x%" PRIx32 ", capabilities 0x%" PRIx32 ", options 0x%" PRIx32 "\n",
                  config->vcpu_count, config->boot_vcpu, config->version, config->smccc_version,
                  config->capabilities, config->options);
    (void)fprintf(to, "  Trusted OS %s on %" PRIu32 ", statistics %s, operations:%s%s%s%s\n",
                  trusted[config->trusted_os], config->trusted_os_vcpu,
                  config->statistics != NULL ? "kept" : "none", config->ops == NULL ? " none" : "",
                  config->ops != NULL && config->ops->entry_is_valid != NULL ? " entry" : "",
                  config->ops != NULL && config->ops->range_is_protected != NULL ? " range" : "",
                  config->ops != NULL && config->ops->now != NULL ? " now" : "");
    (void)fprintf(to, "  IDs of 0.1: 0x%" PRIx32 " 0x%" PRIx32 " 0x%" PRIx32 " 0x%" PRIx32 "\n",
                  config->ids_0_1[0], config->ids_0_1[1], config->ids_0_1[2], config->ids_0_1[3]);
    (void)fprintf(to, "  MPIDRs:");
    for (uint32_t i = 0; i < config->vcpu_count; i++) {
        (void)fprintf(to, " 0x%" PRIx64, config->mpidrs[i].value);
    }
    (void)fprintf(to, "\n");
    print_domains(w, to);
    print_states(w, to);
}
