/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of statistics.c: no VM has VPSCI_CAP_STATISTICS. */
#include "../internal.h"

const uint32_t vpsci__statistics_left_out = VPSCI_CAP_STATISTICS;

uint32_t vpsci__stat_cells(uint32_t state_count)
{
    (void)state_count;
    return 0;
}

struct vpsci__cell *vpsci__stat_row(const struct vpsci_vm *vm, uint32_t index)
{
    (void)index;
    return vm->statistics;
}

uint32_t vpsci__core_state(const struct vpsci_vm *vm, uint64_t word)
{
    (void)vm;
    (void)word;
    return VPSCI_NO_STATE;
}

void vpsci__stat_enter(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                       uint32_t state_index)
{
    (void)vm;
    (void)index;
    (void)level;
    (void)state_index;
}

void vpsci__stat_undo(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                      uint32_t state_index)
{
    vpsci__stat_enter(vm, index, level, state_index);
}

void vpsci__stat_leave(const struct vpsci_vm *vm, uint32_t index, uint32_t level,
                       uint32_t state_index)
{
    vpsci__stat_enter(vm, index, level, state_index);
}

int64_t vpsci__stat_count(struct vpsci__invocation *call)
{
    return vpsci__unknown(call);
}

int64_t vpsci__stat_residency(struct vpsci__invocation *call)
{
    return vpsci__unknown(call);
}
