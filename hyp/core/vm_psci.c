/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm_psci.h"

#include <stddef.h>

/* All VMs together have at most CORE_MAX vCPUs. */
enum { PSCI_ROOM = 48 << 10, PSCI_STATES_WITHOUT_TABLE = 2 };

static uint8_t psci_room[PSCI_ROOM] __attribute__((aligned(VPSCI_ALIGNMENT)));
static size_t psci_room_used;

static void *psci_take_room(size_t size)
{
    void *room = &psci_room[psci_room_used];

    if (size > PSCI_ROOM - psci_room_used) {
        return NULL;
    }
    psci_room_used += size;
    return room;
}

/* Whether all of it is in one piece of the VM's RAM. */
static bool psci_is_ram(const struct vm *vm, uint64_t base, uint64_t size)
{
    for (unsigned i = 0; i < vm->region_count; i++) {
        const struct vm_region *region = &vm->regions[i];

        if (!region->is_device && base >= region->ipa && size <= region->size &&
            base - region->ipa <= region->size - size) {
            return true;
        }
    }
    return false;
}

static bool psci_entry_is_valid(void *host, struct vpsci_ipa address)
{
    return psci_is_ram(host, address.value, 4);
}

static bool psci_range_is_protected(void *host, struct vpsci_ipa base, uint64_t length)
{
    return psci_is_ram(host, base.value, length);
}

/* In microseconds, from a counter of any frequency, without an overflow for 10^5 years. */
static uint64_t psci_now(void *host)
{
    uint64_t frequency = arch_frequency();
    uint64_t now = arch_now();

    (void)host;
    return now / frequency * 1000000 + now % frequency * 1000000 / frequency;
}

static const struct vpsci_ops psci_ops = {
    .entry_is_valid = psci_entry_is_valid,
    .range_is_protected = psci_range_is_protected,
    .now = psci_now,
};

static bool psci_give_statistics(struct vpsci_config *config)
{
    if ((config->capabilities & VPSCI_CAP_STATISTICS) == 0) {
        return true;
    }
    config->statistics_size = vpsci_statistics_size(
        config->vcpu_count,
        config->states != NULL ? config->state_count : PSCI_STATES_WITHOUT_TABLE);
    config->statistics = psci_take_room(config->statistics_size);
    return config->statistics != NULL;
}

bool vm_psci_init(struct vm *vm)
{
    struct vpsci_mpidr mpidrs[CORE_MAX];
    struct vpsci_config *config = &vm->psci_config;
    size_t size = vpsci_size(config);
    void *room = psci_take_room(size);

    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        mpidrs[i].value = vm->vcpus[i].mpidr;
    }
    config->mpidrs = mpidrs;
    config->ops = &psci_ops;
    config->host = vm;
    if (room == NULL || !psci_give_statistics(config) ||
        vpsci_init(room, size, config, &vm->psci) != 0) {
        return false;
    }
    config->mpidrs = NULL;
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        vm->vcpus[i].psci = vpsci_vcpu_at(vm->psci, i);
    }
    return true;
}
