/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of low-power states that the embedder gave, checked. */
#include "internal.h"

static const struct vpsci_power_state original_states[] = {
    {0, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {VPSCI_STATE_TYPE_ORIGINAL, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
};

static const struct vpsci_power_state extended_states[] = {
    {0, 0, VPSCI_HW_STANDBY, VPSCI_NO_STATE},
    {VPSCI_STATE_TYPE_EXTENDED, 0, VPSCI_HW_OFF, VPSCI_NO_STATE},
};

/* The index of a guest's `power_state` in the table, or NO_STATE. Reserved bits and combinations
 * that do not exist are not in the table (DEN0022 5.4.2). */
uint32_t vpsci__state_index(const struct vpsci_vm *vm, uint32_t power_state)
{
    uint32_t state_index;

    for (state_index = 0; state_index < vm->state_count; state_index++) {
        if (vm->states[state_index].value == power_state) {
            return state_index;
        }
    }
    return VPSCI_NO_STATE;
}

/* The part of a state that concerns a level: the index of one beneath it, or its own; NO_STATE if
 * the level is above it. */
uint32_t vpsci__state_at(const struct vpsci_vm *vm, uint32_t state_index, uint32_t level)
{
    while (state_index != VPSCI_NO_STATE && vm->states[state_index].level > level) {
        state_index = vm->states[state_index].below;
    }
    return state_index != VPSCI_NO_STATE && vm->states[state_index].level == level ? state_index
                                                                                   : VPSCI_NO_STATE;
}

/* The core loses its context. */
bool vpsci__is_powerdown(const struct vpsci_vm *vm, uint32_t state_index)
{
    return vm->states[vpsci__state_at(vm, state_index, 0)].local == VPSCI_HW_OFF;
}

bool vpsci_needs_entry(const struct vpsci_vm *vm, uint32_t power_state)
{
    uint32_t state_index = vpsci__state_index(vm, power_state);

    return state_index != VPSCI_NO_STATE && vpsci__is_powerdown(vm, state_index);
}

/* State i rests on an earlier one of the next lower level, and is not OFF above one in STANDBY. */
static bool rests_on(const struct vpsci_power_state *states, uint32_t i)
{
    const struct vpsci_power_state *state = &states[i];

    if (state->level == 0) {
        return state->below == VPSCI_NO_STATE;
    }
    return state->below < i && states[state->below].level == state->level - 1 &&
           (state->local == VPSCI_HW_STANDBY || states[state->below].local == VPSCI_HW_OFF);
}

/* The number that the guest passes has the StateType and the PowerLevel of the state, in the format
 * of the VM. */
static bool is_encoded(const struct vpsci_vm *vm, uint32_t state_index)
{
    uint32_t value = vm->states[state_index].value;

    if (vm->config.options & VPSCI_OPTION_EXTENDED_STATE) {
        return !(value & VPSCI_STATE_RESERVED_EXTENDED) &&
               ((value & VPSCI_STATE_TYPE_EXTENDED) != 0) == vpsci__is_powerdown(vm, state_index);
    }
    return !(value & VPSCI_STATE_RESERVED_ORIGINAL) &&
           (value >> VPSCI_STATE_LEVEL_SHIFT_ORIGINAL) == vm->states[state_index].level &&
           ((value & VPSCI_STATE_TYPE_ORIGINAL) != 0) == vpsci__is_powerdown(vm, state_index);
}

static bool is_sound(const struct vpsci_vm *vm, uint32_t i)
{
    const struct vpsci_power_state *state = &vm->states[i];

    return state->level <= vpsci__level_most &&
           (state->local == VPSCI_HW_STANDBY || state->local == VPSCI_HW_OFF) &&
           rests_on(vm->states, i) && is_encoded(vm, i) &&
           vpsci__state_index(vm, state->value) == i;
}

/* Where the domains of each level are in a row of cells. */
static void lay_out_rows(struct vpsci_vm *vm)
{
    uint32_t at = 0;
    uint32_t level;

    for (level = 1; level <= VPSCI_LEVEL_MAX; level++) {
        at += vpsci__row_cells(vm->states, vm->state_count, level, &vm->shallowest[level]);
        vm->row_at[level] = (uint8_t)at;
    }
}

bool vpsci__states_prepare(struct vpsci_vm *vm)
{
    const struct vpsci_config *config = &vm->config;
    uint32_t i;

    vm->states = config->states;
    vm->state_count = config->state_count;
    if (!vm->states) {
        vm->state_count = sizeof(original_states) / sizeof(original_states[0]);
        vm->states =
            config->options & VPSCI_OPTION_EXTENDED_STATE ? extended_states : original_states;
    }
    for (i = 0; i <= VPSCI_LEVEL_MAX; i++) {
        vm->deepest[i] = VPSCI_NO_STATE;
    }
    for (i = 0; i < vm->state_count; i++) {
        const struct vpsci_power_state *state = &vm->states[i];

        if (!is_sound(vm, i)) {
            return false;
        }
        if (state->level > 0 || state->local == VPSCI_HW_OFF) {
            vm->deepest[state->level] = (uint8_t)i;
        }
        if (state->level > vm->highest) {
            vm->highest = state->level;
        }
    }
    lay_out_rows(vm);
    return true;
}
