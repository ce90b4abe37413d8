/* SPDX-License-Identifier: BSD-2-Clause */
/* Saving: the record of a VM, see record.h. */
#include "record.h"

size_t vpsci_save_size(const struct vpsci_vm *vm)
{
    return vpsci__record_size(vm, vm->statistics ? RECORD_STATISTICS : 0);
}

/* Is the word a step of a call? No record has one. */
static bool is_step(uint64_t word)
{
    return vpsci__state_of(word) >= VPSCI__SAVED_COUNT || (word & VPSCI__UNSETTLED);
}

static void put_vcpu(const struct vpsci_vcpu *vcpu, uint64_t system, uint8_t **at)
{
    uint64_t word = vpsci__load(&vcpu->word);
    uint32_t state = vpsci__state_of(word);
    /* A system request has its type and cookie where others have an entry. */
    bool acts = vpsci__is_actor(system, vcpu->index);
    bool has_entry = acts || vpsci__has_entry(state);

    vpsci__put(at, vcpu->affinity, 4);
    vpsci__put(at, state, 1);
    vpsci__put(at, vpsci__code_of(word), 1);
    vpsci__put(at, vpsci__detail_of(word), 1);
    vpsci__put(at, (word & VPSCI__WAKE) != 0, 1);
    vpsci__put(at, has_entry ? vpsci__load(&vcpu->entry) : 0, 8);
    vpsci__put(at, has_entry ? vpsci__load(&vcpu->context) : 0, 8);
    vpsci__put(at, acts || vpsci__has_form(state) ? vpsci__load(&vcpu->form) : 0, 4);
    vpsci__put(at, vpsci__nodes(vpsci__vm(vcpu), vcpu->index), 4);
}

/* A stay that has not ended is saved by its length: the host that restores has another clock. */
static void put_statistics(const struct vpsci_vm *vm, uint32_t index, uint64_t now, uint8_t **at)
{
    const struct vpsci__cell *row = vpsci__stat_row(vm, index);
    uint32_t cells = vpsci__stat_cells(vm->state_count);
    uint32_t i;

    for (i = 0; i < cells; i++) {
        uint64_t value = vpsci__load(&row[i]);

        if (i <= VPSCI_LEVEL_MAX) {
            value = vpsci__turn_stay(value, now);
        }
        vpsci__put(at, value, 8);
    }
}

/* The sum of how often the vCPUs' words have changed. False if one of them is a step of a call. */
static bool sum_changes(const struct vpsci_vm *vm, uint64_t *changes)
{
    uint32_t i;

    *changes = 0;
    for (i = 0; i < vm->vcpu_count; i++) {
        uint64_t word = vpsci__load(&vpsci__vcpu(vm, i)->word);

        if (is_step(word)) {
            return false;
        }
        *changes += word >> 32;
    }
    return true;
}

static void put_header(const struct vpsci_vm *vm, uint64_t system, uint8_t **at)
{
    uint32_t flags = (vm->statistics ? RECORD_STATISTICS : 0) |
                     (system & VPSCI__OS_INITIATED ? RECORD_OS_INITIATED : 0) |
                     (system & VPSCI__MODE_USED ? RECORD_MODE_USED : 0) |
                     (vpsci__load(&vm->protect) ? RECORD_MEM_PROTECT : 0);

    vpsci__put(at, RECORD_MAGIC, 8);
    vpsci__put(at, RECORD_FORMAT, 4);
    vpsci__put(at, vpsci_save_size(vm), 4);
    vpsci__put(at, 0, 4);
    vpsci__put(at, vm->vcpu_count, 4);
    vpsci__put(at, vm->state_count, 4);
    vpsci__put(at, vpsci__digest(vm), 4);
    vpsci__put(at, vpsci__load(&vm->version), 4);
    vpsci__put(at, vpsci__load(&vm->resident), 4);
    vpsci__put(at, vpsci__actor_of(system), 2);
    vpsci__put(at, vpsci__stage_of(system), 1);
    vpsci__put(at, flags, 1);
    vpsci__put(at, 0, 4);
}

static size_t put_all(const struct vpsci_vm *vm, uint64_t system, uint8_t *buffer)
{
    uint64_t now = vm->statistics ? vm->config.ops->now(vm->config.host) : 0;
    uint8_t *at = buffer;
    uint32_t i;

    put_header(vm, system, &at);
    for (i = 0; i < vm->vcpu_count; i++) {
        put_vcpu(vpsci__vcpu(vm, i), system, &at);
    }
    for (i = 0; vm->statistics && i < vm->vcpu_count; i++) {
        put_statistics(vm, i, now, &at);
    }
    return (size_t)(at - buffer);
}

/*
 * Words count their changes. If the sum of those is the same after all has been written as before,
 * and no word was a step of a call, nothing changed meanwhile, and what was written is the state
 * of that moment. The system's word counts nothing, but every change of its stage changes a vCPU's
 * word too.
 */
ptrdiff_t vpsci_save(const struct vpsci_vm *vm, void *buffer, size_t size)
{
    uint8_t *record = (uint8_t *)buffer;
    uint64_t system;
    uint64_t before;
    uint64_t after;

    if (size < vpsci_save_size(vm)) {
        return VPSCI_E_MEMORY;
    }
    if (!sum_changes(vm, &before) || !vpsci__nodes_settled(vm)) {
        return VPSCI_E_BUSY;
    }
    system = vpsci__load(&vm->system);
    if (vpsci__stage_of(system) == VPSCI__STOP_ANSWERED) {
        return VPSCI_E_BUSY;
    }
    size = put_all(vm, system, record);
    if (!sum_changes(vm, &after) || before != after || vpsci__load(&vm->system) != system) {
        return VPSCI_E_BUSY;
    }
    record += RECORD_CHECKSUM_AT;
    vpsci__put(&record, vpsci__checksum((const uint8_t *)buffer, size), 4);
    return (ptrdiff_t)size;
}
