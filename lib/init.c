/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's memory, its start and its reset. */
#include "internal.h"

enum {
    KNOWN_CAPABILITIES = (VPSCI_CAP_MEM_PROTECT << 1) - 1,
    KNOWN_OPTIONS = (VPSCI_OPTION_NO_ON_PENDING << 1) - 1,
    DEFAULT_STATE_COUNT = 2,
    /* Without these fields there is no VM. */
    CONFIG_SIZE_LEAST = offsetof(struct vpsci_config, boot_vcpu),
    /* Nothing will ever be that large: not a size, but what happened to be in memory. */
    CONFIG_SIZE_MOST = 4096
};

static const uint32_t kvm_ids[VPSCI_ID_0_1_COUNT] = {
    VPSCI_FID_0_1_KVM,
    VPSCI_FID_0_1_KVM + 1,
    VPSCI_FID_0_1_KVM + 2,
    VPSCI_FID_0_1_KVM + 3,
};

static size_t round_up(size_t size)
{
    return (size + VPSCI_ALIGNMENT - 1) & ~(size_t)(VPSCI_ALIGNMENT - 1);
}

size_t vpsci_statistics_size(uint32_t vcpu_count, uint32_t state_count)
{
    if (vcpu_count == 0 || vcpu_count > VPSCI_VCPU_MAX || state_count == 0 ||
        state_count > VPSCI_STATE_MAX) {
        return 0;
    }
    return round_up((size_t)vcpu_count * vpsci__stat_cells(state_count) *
                    sizeof(struct vpsci__cell));
}

static bool is_aligned(const void *memory)
{
    return (uintptr_t)memory % VPSCI_ALIGNMENT == 0;
}

static bool ids_differ(const uint32_t *ids)
{
    return ids[0] != ids[1] && ids[0] != ids[2] && ids[0] != ids[3] && ids[1] != ids[2] &&
           ids[1] != ids[3] && ids[2] != ids[3];
}

static bool has_ids(const struct vpsci_config *config)
{
    return (config->ids_0_1[0] | config->ids_0_1[1] | config->ids_0_1[2] | config->ids_0_1[3]) != 0;
}

static uint32_t states_given(const struct vpsci_config *config)
{
    return config->size > offsetof(struct vpsci_config, state_count) ? config->state_count : 0;
}

/* Only what has to be known before the VM's memory is used. No version of the struct has a size that
 * is not a multiple of its alignment. */
static bool can_be_read(const struct vpsci_config *config)
{
    const uint8_t *bytes = (const uint8_t *)config;
    size_t i;

    if (!config || config->size < CONFIG_SIZE_LEAST || config->size > CONFIG_SIZE_MOST ||
        config->size % _Alignof(struct vpsci_config) != 0) {
        return false;
    }
    for (i = sizeof(*config); i < config->size; i++) {
        if (bytes[i]) {
            return false;
        }
    }
    return config->vcpu_count > 0 && config->vcpu_count <= VPSCI_VCPU_MAX &&
           states_given(config) <= VPSCI_STATE_MAX;
}

/* Cells of the domains that a vCPU may be the first of. */
static size_t domain_cells(const struct vpsci_config *config)
{
    uint32_t count = states_given(config);
    size_t cells = 0;
    uint8_t shallowest;
    uint32_t level;

    for (level = 1; level <= VPSCI_LEVEL_MAX && count > 0 && config->states; level++) {
        cells += vpsci__row_cells(config->states, count, level, &shallowest);
    }
    return cells;
}

size_t vpsci_size(const struct vpsci_config *config)
{
    if (!can_be_read(config)) {
        return 0;
    }
    return round_up(sizeof(struct vpsci_vm) +
                    config->vcpu_count * (sizeof(struct vpsci_vcpu) +
                                          domain_cells(config) * sizeof(struct vpsci__cell)) +
                    (sizeof(uint16_t) * 2 << vpsci__slot_bits(config->vcpu_count)));
}

/* *to is zero. */
static void copy_config(struct vpsci_config *to, const struct vpsci_config *from)
{
    uint8_t *bytes = (uint8_t *)to;
    size_t i;

    for (i = 0; i < sizeof(*to) && i < from->size; i++) {
        bytes[i] = ((const uint8_t *)from)[i];
    }
}

static bool numbers_are_good(const struct vpsci_config *config)
{
    return config->boot_vcpu < config->vcpu_count && config->trusted_os_vcpu < config->vcpu_count &&
           (uint32_t)config->trusted_os <= VPSCI_TRUSTED_OS_FIXED;
}

static bool bits_are_known(const struct vpsci_config *config)
{
    uint32_t unknown =
        ~(uint32_t)KNOWN_CAPABILITIES | vpsci__domains_left_out | vpsci__statistics_left_out;

    return !(config->capabilities & unknown) && !(config->options & ~(uint32_t)KNOWN_OPTIONS);
}

static bool config_is_good(const struct vpsci_config *config)
{
    if (!config->mpidrs || !is_aligned(config->statistics)) {
        return false;
    }
    if (!numbers_are_good(config) || !bits_are_known(config)) {
        return false;
    }
    return (config->states != NULL) == (config->state_count != 0) &&
           (!has_ids(config) || ids_differ(config->ids_0_1));
}

static bool statistics_fit(const struct vpsci_config *config)
{
    uint32_t states = config->state_count ? config->state_count : DEFAULT_STATE_COUNT;

    return !config->statistics ||
           config->statistics_size >= vpsci_statistics_size(config->vcpu_count, states);
}

static bool versions_are_known(const struct vpsci_config *config)
{
    return (config->version == 0 || vpsci__version_known(config->version)) &&
           (config->smccc_version == 0 ||
            config->smccc_version - VPSCI_SMCCC_1_0 <= VPSCI_SMCCC_1_5 - VPSCI_SMCCC_1_0);
}

/* What the VM has, in one mask, so that each function has to test only that. */
static uint32_t resolve_features(const struct vpsci_config *config)
{
    const struct vpsci_ops *ops = config->ops;
    uint32_t has = config->capabilities;

    if (config->trusted_os >= VPSCI_TRUSTED_OS_MIGRATABLE) {
        has |= VPSCI__HAS_RESIDENT;
    }
    if ((has & VPSCI_CAP_STATISTICS) && config->statistics && ops && ops->now) {
        has |= VPSCI__HAS_STATISTICS;
    }
    if ((has & VPSCI_CAP_MEM_PROTECT) && ops && ops->range_is_protected) {
        has |= VPSCI__HAS_RANGES;
    }
    return has;
}

/* All that does not depend on other vCPUs. */
static void describe_vm(struct vpsci_vm *vm)
{
    const struct vpsci_config *config = &vm->config;
    const uint32_t *ids = has_ids(config) ? config->ids_0_1 : kvm_ids;
    uint32_t i;

    vm->vcpu_count = config->vcpu_count;
    vm->has = resolve_features(config);
    if (config->ops && config->ops->entry_is_valid) {
        vm->has |= VPSCI__HAS_ENTRY_CHECK;
    }
    vm->smccc_version = config->smccc_version ? config->smccc_version : VPSCI_SMCCC_1_1;
    for (i = 0; i < VPSCI_ID_0_1_COUNT; i++) {
        vm->ids_0_1[i] = ids[i];
    }
    vm->slot_shift = (uint8_t)(64 - vpsci__slot_bits(config->vcpu_count));
    if (vm->has & VPSCI__HAS_STATISTICS) {
        vm->statistics = (struct vpsci__cell *)config->statistics;
    }
    vm->slots = (uint16_t *)(uintptr_t)(vpsci__domain_row(vm, 0) +
                                        config->vcpu_count * domain_cells(config));
    for (i = 0; i < config->vcpu_count; i++) {
        struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);

        *vcpu = (struct vpsci_vcpu){
            .affinity = vpsci__pack(config->mpidrs[i].value),
            .offset = (uint32_t)((uintptr_t)vcpu - (uintptr_t)vm),
            .index = (uint16_t)i,
        };
    }
}

static bool mpidrs_are_good(const struct vpsci_config *config)
{
    uint32_t i;

    for (i = 0; i < config->vcpu_count; i++) {
        if (config->mpidrs[i].value & ~VPSCI_MPIDR_MASK) {
            return false;
        }
    }
    return true;
}

/* Fills the VM, whose memory is large enough and zero up to the vCPUs. */
static int make_vm(struct vpsci_vm *vm, const struct vpsci_config *config)
{
    copy_config(&vm->config, config);
    config = &vm->config;
    if (!config_is_good(config)) {
        return VPSCI_E_ARGUMENT;
    }
    if (!statistics_fit(config)) {
        return VPSCI_E_MEMORY;
    }
    if (!versions_are_known(config)) {
        return VPSCI_E_VERSION;
    }
    if (!mpidrs_are_good(config)) {
        return VPSCI_E_MPIDR;
    }
    describe_vm(vm);
    if (!vpsci__find_prepare(vm)) {
        return VPSCI_E_MPIDR;
    }
    if (!vpsci__states_prepare(vm) || !vpsci__domains_prepare(vm)) {
        return VPSCI_E_STATES;
    }
    (void)vpsci_version_set(vm, config->version ? config->version : VPSCI_VERSION_NEWEST);
    vpsci_reset(vm);
    return 0;
}

int vpsci_init(void *memory, size_t size, const struct vpsci_config *config,
               struct vpsci_vm **result)
{
    struct vpsci_vm *vm = (struct vpsci_vm *)memory;
    int error;

    if (!result) {
        return VPSCI_E_ARGUMENT;
    }
    *result = NULL;
    if (!memory || !is_aligned(memory) || !can_be_read(config)) {
        return VPSCI_E_ARGUMENT;
    }
    if (size < vpsci_size(config)) {
        return VPSCI_E_MEMORY;
    }
    *vm = (struct vpsci_vm){.vcpu_count = 0};
    error = make_vm(vm, config);
    if (!error) {
        *result = vm;
    }
    return error;
}

void vpsci_reset(struct vpsci_vm *vm)
{
    uint32_t cells = vpsci__stat_cells(vm->state_count) * vm->vcpu_count;
    uint32_t i;

    for (i = 0; i < vm->vcpu_count; i++) {
        struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);
        bool boots = i == vm->config.boot_vcpu;

        vpsci__store(&vcpu->entry, 0);
        vpsci__store(&vcpu->context, 0);
        vpsci__store(&vcpu->form, 0);
        vpsci__store(&vcpu->word,
                     vpsci__to(vpsci__load(&vcpu->word), boots ? VPSCI__ON : VPSCI__OFF));
    }
    vpsci__nodes_reset(vm);
    for (i = 0; vm->statistics && i < cells; i++) {
        vpsci__store(&vm->statistics[i], 0);
    }
    vpsci__store(&vm->resident, vm->config.trusted_os_vcpu);
    vpsci__store(&vm->census, vpsci__with_journal(1, VPSCI__NOBODY));
    vpsci__store(&vm->system, vpsci__with_stage(0, VPSCI__RUNNING, VPSCI__NOBODY));
}
