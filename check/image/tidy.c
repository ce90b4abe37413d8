/* SPDX-License-Identifier: BSD-2-Clause */
#include "tidy.h"

#include "hand.h"
#include "nature.h"
#include "wake.h"

static bool should_be_off(const struct machine *machine, const struct hand *hand)
{
    bool left =
        hand->state == HAND_BUSY && nature_of(machine, hand->call.function) == NATURE_LEAVES;

    return !hand->expected && (hand->state == HAND_AWAY || left);
}

bool tidy_finds_surprise(const struct machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        if (should_be_off(machine, &hands[i]) && hand_has_event(&hands[i])) {
            return true;
        }
    }
    return false;
}

static void forget_interrupts(const struct machine *machine)
{
    wake_quiet();
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        hands[i].interrupt = false;
        hands[i].pending = false;
        hands[i].starts_big_endian = false;
    }
}

bool tidy_up(const struct machine *machine, struct trial *t)
{
    bool tidy = trial_tidy(t);

    forget_interrupts(machine);
    return tidy && hand_self() == &hands[machine->boot_cpu];
}
