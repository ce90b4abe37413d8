/* SPDX-License-Identifier: BSD-2-Clause */
/* Which functions a VM offers, and how much of a call each of them reads. */
#include "internal.h"

struct description {
    uint32_t since;
    uint32_t needs;
    uint8_t widths;
    uint8_t arguments;
    uint8_t starts;
};

enum { STARTS_NEVER, STARTS_ALWAYS, STARTS_POWERDOWN };

#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    [VPSCI_FN_##name] = {since, needs, widths, arguments, STARTS_##starts},
static const struct description functions[] = {
#include "functions.def"
};

enum { FUNCTION_COUNT = sizeof(functions) / sizeof(functions[0]) };

bool vpsci__has_function(const struct vpsci_vm *vm, uint32_t number)
{
    return !(functions[number].needs & ~vm->has);
}

/* What a VM offers in a version of PSCI: bit n stands for function n as SMC32, bit 32 + n as SMC64.
 * Calls and PSCI_FEATURES both use it, so that what is announced and what works are the same. */
uint64_t vpsci__offers(const struct vpsci_vm *vm, uint32_t version)
{
    uint64_t offers = 0;
    uint32_t n;

    for (n = 0; version != VPSCI_VERSION_0_1 && n < FUNCTION_COUNT; n++) {
        const struct description *function = &functions[n];

        if (function->since <= version && vpsci__has_function(vm, n)) {
            offers |= (uint64_t)(function->widths & 1) << n;
            offers |= (uint64_t)(function->widths >> 1) << (32 + n);
        }
    }
    return offers;
}

/* Version 0.1 has four functions, with IDs that the VM's description chooses (DEN0022, and the
 * device tree binding arm,psci). Their arguments are as wide as the caller's registers. */
bool vpsci__find_legacy(const struct vpsci_vm *vm, uint32_t id, uint32_t *number)
{
    static const uint8_t numbers[] = {
        [VPSCI_ID_0_1_CPU_SUSPEND] = VPSCI_FN_CPU_SUSPEND,
        [VPSCI_ID_0_1_CPU_OFF] = VPSCI_FN_CPU_OFF,
        [VPSCI_ID_0_1_CPU_ON] = VPSCI_FN_CPU_ON,
        [VPSCI_ID_0_1_MIGRATE] = VPSCI_FN_MIGRATE,
    };
    uint32_t i;

    for (i = 0; i < VPSCI_ID_0_1_COUNT; i++) {
        if (id == vm->ids_0_1[i]) {
            *number = numbers[i];
            return true;
        }
    }
    return false;
}

/* A call of an ID without a function reads no argument: it returns NOT_SUPPORTED. */
static bool describe_reads(const struct vpsci_vm *vm, uint32_t id, struct vpsci_function_info *info)
{
    uint32_t number;

    if (!vpsci__is_legacy(vm) || !vpsci__find_legacy(vm, id, &number)) {
        id = vpsci__drop_hint(vm, id);
        if (!vpsci__is_psci_id(id)) {
            return false;
        }
        number = id & (VPSCI_FID_COUNT - 1);
    }
    *info = (struct vpsci_function_info){.arguments = 0};
    if (number < FUNCTION_COUNT) {
        info->arguments = functions[number].arguments;
        info->starts_core = functions[number].starts != STARTS_NEVER;
        info->by_power_state = functions[number].starts == STARTS_POWERDOWN;
    }
    return true;
}

bool vpsci_describe_function(const struct vpsci_vm *vm, uint32_t function,
                             struct vpsci_function_info *info)
{
    *info = (struct vpsci_function_info){.arguments = 3, .starts_core = true};
    if (describe_reads(vm, function, info)) {
        return true;
    }
    function = vpsci__drop_hint(vm, function);
    if (vm->smccc_version < VPSCI_SMCCC_1_1 ||
        (function != VPSCI_FID_SMCCC_VERSION && function != VPSCI_FID_SMCCC_ARCH_FEATURES)) {
        return false;
    }
    *info = (struct vpsci_function_info){.arguments = function == VPSCI_FID_SMCCC_ARCH_FEATURES};
    return true;
}
