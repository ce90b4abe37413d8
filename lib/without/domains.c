/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of domain.c, domain_tree.c and suspend_mode.c: power states concern the core alone, and
 * no VM has VPSCI_CAP_OS_INITIATED or VPSCI_CAP_NODE_HW_STATE.
 */
#include "../internal.h"

const uint32_t vpsci__domains_left_out = VPSCI_CAP_OS_INITIATED | VPSCI_CAP_NODE_HW_STATE;
const uint8_t vpsci__level_most = 0;

uint32_t vpsci__row_cells(const struct vpsci_power_state *states, uint32_t count, uint32_t level,
                          uint8_t *shallowest)
{
    (void)states;
    (void)level;
    *shallowest = (uint8_t)count;
    return 0;
}

/* They follow the affinity fields, so that a record of this build is one for a build with domains. */
bool vpsci__domains_prepare(struct vpsci_vm *vm)
{
    uint32_t level;
    uint32_t i;

    for (i = 0; i < vm->vcpu_count; i++) {
        for (level = 1; level <= VPSCI_LEVEL_MAX; level++) {
            vpsci__vcpu(vm, i)->domain[level - 1] = vpsci__first_by_affinity(vm, i, level);
        }
    }
    return !vm->config.domains[0] && !vm->config.domains[1] && !vm->config.domains[2];
}

int vpsci__permit_suspend(struct vpsci__invocation *call, uint32_t state_index)
{
    (void)call;
    (void)state_index;
    return VPSCI_SUCCESS;
}

int64_t vpsci__set_suspend_mode(struct vpsci__invocation *call)
{
    return vpsci__unknown(call);
}

int64_t vpsci__node_hw_state(struct vpsci__invocation *call)
{
    return vpsci__unknown(call);
}

bool vpsci__stays_counted(const struct vpsci_vm *vm, uint32_t state_index)
{
    (void)vm;
    (void)state_index;
    return false;
}

void vpsci__went_down(const struct vpsci_vcpu *vcpu, uint64_t word, bool by_os)
{
    (void)vcpu;
    (void)word;
    (void)by_os;
}

/* Its statistics are of the core, and stay. */
void vpsci__came_up(const struct vpsci_vcpu *vcpu, uint64_t word)
{
    const struct vpsci_vm *vm = vpsci__vm(vcpu);

    vpsci__stat_leave(vm, vcpu->index, 0, vpsci__core_state(vm, word));
}

uint32_t vpsci__nodes(const struct vpsci_vm *vm, uint32_t index)
{
    (void)vm;
    (void)index;
    return 0;
}

bool vpsci__nodes_settled(const struct vpsci_vm *vm)
{
    (void)vm;
    return true;
}

void vpsci__nodes_set(const struct vpsci_vm *vm, uint32_t index, uint32_t nodes)
{
    (void)vm;
    (void)index;
    (void)nodes;
}

void vpsci__nodes_recount(const struct vpsci_vm *vm)
{
    (void)vm;
}

void vpsci__nodes_reset(const struct vpsci_vm *vm)
{
    (void)vm;
}
