/* SPDX-License-Identifier: BSD-2-Clause */
/* The tree of power domains that the embedder gave, checked; and how much room a domain needs. */
#include "internal.h"

const uint32_t vpsci__domains_left_out = 0;
const uint8_t vpsci__level_most = VPSCI_LEVEL_MAX;

/* How many cells the row of a domain of this level has: its head, counts, and 16 bits for each state
 * from the first to the last of the level (domain.c). 0 if the table has none of that level. */
uint32_t vpsci__row_cells(const struct vpsci_power_state *states, uint32_t count, uint32_t level,
                          uint8_t *shallowest)
{
    uint32_t first = count;
    uint32_t last = 0;
    uint32_t i;

    for (i = count; i-- > 0;) {
        if (states[i].level == level) {
            last = first == count ? i : last;
            first = i;
        }
    }
    *shallowest = (uint8_t)first;
    return first == count ? 0 : 2 + (last - first + 4) / 4;
}

static bool is_nested(const struct vpsci_vm *vm, uint32_t i, uint32_t level)
{
    const struct vpsci_vcpu *vcpu = vpsci__vcpu(vm, i);
    uint32_t first = vcpu->domain[level - 1];

    if (first > i || vpsci__vcpu(vm, first)->domain[level - 1] != first) {
        return false;
    }
    return level == VPSCI_LEVEL_MAX || vpsci__vcpu(vm, first)->domain[level] == vcpu->domain[level];
}

bool vpsci__domains_prepare(struct vpsci_vm *vm)
{
    uint32_t i;
    uint32_t level;

    for (level = VPSCI_LEVEL_MAX; level > 0; level--) {
        const uint16_t *given = vm->config.domains[level - 1];

        for (i = 0; i < vm->vcpu_count; i++) {
            vpsci__vcpu(vm, i)->domain[level - 1] =
                given ? given[i] : vpsci__first_by_affinity(vm, i, level);
            if (!is_nested(vm, i, level)) {
                return false;
            }
        }
    }
    return true;
}
