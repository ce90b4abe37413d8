/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PSCI_STAT_RESIDENCY and PSCI_STAT_COUNT.
 *
 * A row for each vCPU: when its stay in a low-power state began, for itself (level 0) and for the
 * domains that it is the first of, plus 1, or 0 if there is no stay; then count and residency for
 * each state of the table.
 */
#include "internal.h"

const uint32_t vpsci__statistics_left_out = 0;

enum { SINCE_COUNT = VPSCI_LEVEL_MAX + 1 };

uint32_t vpsci__stat_cells(uint32_t state_count)
{
    return SINCE_COUNT + 2 * state_count;
}

struct vpsci__cell *vpsci__stat_row(const struct vpsci_vm *vm, uint32_t index)
{
    return vm->statistics + (size_t)index * vpsci__stat_cells(vm->state_count);
}

/* The state of level 0 in which a core that is down is counted. */
uint32_t vpsci__core_state(const struct vpsci_vm *vm, uint64_t word)
{
    switch (vpsci__state_of(word)) {
    case VPSCI__STANDBY:
    case VPSCI__POWERDOWN:
        return vpsci__state_at(vm, vpsci__detail_of(word), 0);
    default:
        return vm->deepest[0];
    }
}

/* A stay begins. Race: none. A core's row is written by its owner, or by the thread that answers for
 * it; a domain's by the owner of the only core that is up in it. */
void vpsci__stat_enter(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                       uint32_t state_index)
{
    if (!vm->statistics || state_index == VPSCI_NO_STATE) {
        return;
    }
    vpsci__store(&vpsci__stat_row(vm, index)[level], vm->config.ops->now(vm->config.host) + 1);
    vpsci__add(&vpsci__stat_row(vm, index)[SINCE_COUNT + 2 * state_index], 1);
}

/* It does not: another core of the domain has come up meanwhile. */
void vpsci__stat_undo(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                      uint32_t state_index)
{
    if (!vm->statistics || state_index == VPSCI_NO_STATE) {
        return;
    }
    vpsci__store(&vpsci__stat_row(vm, index)[level], 0);
    vpsci__add(&vpsci__stat_row(vm, index)[SINCE_COUNT + 2 * state_index], UINT64_MAX);
}

/* It ends. Race: none, as above: of a domain, only the core that turned it on is here. */
void vpsci__stat_leave(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                       uint32_t state_index)
{
    struct vpsci__cell *cells;
    uint64_t since;

    if (!vm->statistics || state_index == VPSCI_NO_STATE) {
        return;
    }
    cells = vpsci__stat_row(vm, index);
    since = vpsci__load(&cells[level]);
    if (since) {
        vpsci__store(&cells[level], 0);
        vpsci__add(&cells[SINCE_COUNT + 2 * state_index + 1],
                   vm->config.ops->now(vm->config.host) + 1 - since);
    }
}

/* An unknown core or state has the count 0: these functions have no error codes. */
static uint64_t read_counter(const struct vpsci__invocation *call, uint32_t which)
{
    const struct vpsci_vm *vm = call->vm;
    const struct vpsci_vcpu *target = vpsci__target(vm, vpsci__arg(call, 0));
    uint32_t state_index = vpsci__state_index(vm, (uint32_t)vpsci__arg(call, 1));
    uint32_t level;

    if (!target || state_index == VPSCI_NO_STATE) {
        return 0;
    }
    level = vm->states[state_index].level;
    return vpsci__load(
        &vpsci__stat_row(vm, level ? target->domain[level - 1]
                                   : target->index)[SINCE_COUNT + 2 * state_index + which]);
}

int64_t vpsci__stat_count(struct vpsci__invocation *call)
{
    return (int64_t)(read_counter(call, 0) & INT64_MAX);
}

int64_t vpsci__stat_residency(struct vpsci__invocation *call)
{
    return (int64_t)(read_counter(call, 1) & INT64_MAX);
}
