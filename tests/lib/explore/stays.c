/* SPDX-License-Identifier: BSD-2-Clause */
#include "stays.h"

enum { COUNT_AT = VPSCI_LEVEL_MAX + 1 };

/* The counts at the start, of each row and state. */
static uint64_t start[VCPU_MAX][SPEC_STATES];

static uint64_t read_count(uint32_t first, uint32_t state_index)
{
    return vpsci__load(&vpsci__stat_row(machine.vm, first)[COUNT_AT + 2 * state_index]);
}

void stays_begin(void)
{
    uint32_t i;
    uint32_t state_index;

    for (i = 0; machine.vm->statistics && i < machine.vm->vcpu_count; i++) {
        for (state_index = 0; state_index < machine.vm->state_count; state_index++) {
            start[i][state_index] = read_count(i, state_index);
        }
    }
}

/* How often these steps have put the domain of this head into the state. */
static uint64_t count_stays(const struct vpsci__cell *head, uint32_t state_index,
                            const struct event *events, uint32_t count)
{
    uint16_t cell = (uint16_t)((const uint64_t *)head - machine.arena.cells);
    uint64_t stays = 0;
    uint32_t i;

    for (i = 0; i < count; i++) {
        uint64_t before = events[i].before >> 16 & 0xff;
        uint64_t after = events[i].after >> 16 & 0xff;

        stays += events[i].cell == cell && before == 0 && after == state_index + 1;
    }
    return stays;
}

static bool stays_match(uint32_t first, uint32_t level, const struct event *events, uint32_t count)
{
    const struct vpsci_vm *vm = machine.vm;
    const struct vpsci__cell *head = vpsci__domain_row(vm, first) + vm->row_at[level - 1];
    uint32_t state_index;

    /* No stay goes on while the domain is on. */
    if (vpsci__node_state(vm, first, level) == VPSCI_NO_STATE &&
        vpsci__load(&vpsci__stat_row(vm, first)[level]) != 0) {
        return false;
    }
    for (state_index = 0; state_index < vm->state_count; state_index++) {
        if (vm->states[state_index].level == level &&
            read_count(first, state_index) - start[first][state_index] !=
                count_stays(head, state_index, events, count)) {
            return false;
        }
    }
    return true;
}

bool stays_are_counted(const struct event *events, uint32_t count)
{
    const struct vpsci_vm *vm = machine.vm;
    uint32_t level;
    uint32_t i;

    for (level = 1; vm->statistics && level <= vm->highest; level++) {
        for (i = 0; i < vm->vcpu_count; i++) {
            if (vpsci__vcpu(vm, i)->domain[level - 1] == i &&
                !stays_match(i, level, events, count)) {
                return false;
            }
        }
    }
    return true;
}
