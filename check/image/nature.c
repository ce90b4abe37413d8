/* SPDX-License-Identifier: BSD-2-Clause */
#include "nature.h"

static const uint8_t natures[FN_RANGE] = {
    [FN_CPU_SUSPEND] = NATURE_WAITS,    [FN_CPU_DEFAULT_SUSPEND] = NATURE_WAITS,
    [FN_SYSTEM_SUSPEND] = NATURE_WAITS, [FN_CPU_ON] = NATURE_STARTS,
    [FN_CPU_OFF] = NATURE_LEAVES,       [FN_CPU_FREEZE] = NATURE_LEAVES,
    [FN_SYSTEM_OFF] = NATURE_ENDS,      [FN_SYSTEM_RESET] = NATURE_ENDS,
    [FN_SYSTEM_RESET2] = NATURE_ENDS,   [FN_SYSTEM_OFF2] = NATURE_ENDS,
};

enum nature nature_of(const struct machine *machine, uint64_t function)
{
    static const uint8_t order[] = {FN_CPU_SUSPEND, FN_CPU_OFF, FN_CPU_ON, FN_MIGRATE};
    uint32_t id = (uint32_t)function;
    uint32_t number = (id & ~SMC64_BIT) - FID32(0);

    if (number < FN_RANGE) {
        return natures[number];
    }
    for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (machine->ids_0_1[i] != 0 && machine->ids_0_1[i] == id) {
            return natures[order[i]];
        }
    }
    return NATURE_PLAIN;
}
