/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for people. No other file of the library needs them: a linker may leave this one out. */
#include "internal.h"

#define TEXT_COUNT(texts) (sizeof(texts) / sizeof((texts)[0]))

const char *vpsci_error_text(int error)
{
    static const char *const texts[] = {
        "no error",
        "an argument is null, out of range or misaligned",
        "the memory given is too small",
        "an MPIDR has other bits than affinity fields, or comes twice",
        "the table of power states or the tree of power domains is unsound",
        "no such version",
        "not possible in the vCPU's present state",
        "a call or a request is in progress",
        "the record ends early or is longer than it says",
        "this is no saved record",
        "the record has a newer format than this library knows",
        "the record was damaged: its checksum is wrong",
        "the record is of a VM that is configured otherwise",
        "the record holds a state that no VM can be in",
    };
    size_t index = (size_t)0 - (size_t)error;

    return error <= 0 && index < TEXT_COUNT(texts) ? texts[index] : "unknown error";
}

/* The one of these texts with that index, or NULL. */
static const char *pick_name(const char *const *names, size_t count, uint64_t index)
{
    return index < count ? names[index] : NULL;
}

/* The number of the function that an ID has in some version, or FUNCTION_NONE. */
enum { FUNCTION_NONE = VPSCI_FID_COUNT };

static uint32_t find_number(uint32_t id)
{
    static const uint8_t legacy[VPSCI_ID_0_1_COUNT] = {
        [VPSCI_ID_0_1_CPU_SUSPEND] = VPSCI_FN_CPU_SUSPEND,
        [VPSCI_ID_0_1_CPU_OFF] = VPSCI_FN_CPU_OFF,
        [VPSCI_ID_0_1_CPU_ON] = VPSCI_FN_CPU_ON,
        [VPSCI_ID_0_1_MIGRATE] = VPSCI_FN_MIGRATE,
    };
    static const uint8_t widths[] = {
#define FUNCTION(name, handler, widths, since, arguments, starts, needs)                           \
    [VPSCI_FN_##name] = (widths),
#include "functions.def"
    };
    uint32_t number = id & (VPSCI_FID_COUNT - 1);

    if (id - VPSCI_FID_0_1_KVM < VPSCI_ID_0_1_COUNT) {
        return legacy[id - VPSCI_FID_0_1_KVM];
    }
    if (!vpsci__is_psci_id(id) || number >= TEXT_COUNT(widths)) {
        return FUNCTION_NONE;
    }
    return widths[number] & (id & VPSCI_FID_BIT_64 ? 2 : 1) ? number : FUNCTION_NONE;
}

const char *vpsci_function_name(uint32_t id)
{
    static const char *const names[] = {
#define FUNCTION(name, handler, widths, since, arguments, starts, needs) [VPSCI_FN_##name] = #name,
#include "functions.def"
    };

    switch (id) {
    case VPSCI_FID_SMCCC_VERSION:
        return "SMCCC_VERSION";
    case VPSCI_FID_SMCCC_ARCH_FEATURES:
        return "SMCCC_ARCH_FEATURES";
    default:
        return pick_name(names, TEXT_COUNT(names), find_number(id));
    }
}

static const char *error_name(uint64_t code)
{
    static const char *const names[] = {
        "SUCCESS",    "NOT_SUPPORTED",    "INVALID_PARAMETERS", "DENIED",   "ALREADY_ON",
        "ON_PENDING", "INTERNAL_FAILURE", "NOT_PRESENT",        "DISABLED", "INVALID_ADDRESS",
    };

    return pick_name(names, TEXT_COUNT(names), code);
}

/* What 0 and above mean: of some functions a state, of some a number, of all others SUCCESS. */
static const char *value_name(uint32_t number, uint64_t value)
{
    static const char *const affinities[] = {"ON", "OFF", "ON_PENDING"};
    static const char *const types[] = {"UP_CAPABLE", "UP_INCAPABLE", "NOT_NEEDED"};
    static const char *const nodes[] = {"HW_ON", "HW_OFF", "HW_STANDBY"};

    switch (number) {
    case VPSCI_FN_AFFINITY_INFO:
        return pick_name(affinities, TEXT_COUNT(affinities), value);
    case VPSCI_FN_MIGRATE_INFO_TYPE:
        return pick_name(types, TEXT_COUNT(types), value);
    case VPSCI_FN_NODE_HW_STATE:
        return pick_name(nodes, TEXT_COUNT(nodes), value);
    case VPSCI_FN_VERSION:
    case VPSCI_FN_MIGRATE_INFO_UP_CPU:
    case VPSCI_FN_STAT_RESIDENCY:
    case VPSCI_FN_STAT_COUNT:
    case VPSCI_FN_MEM_PROTECT:
        return NULL;
    default:
        return value ? NULL : error_name(0);
    }
}

const char *vpsci_result_name(uint32_t id, int64_t result)
{
    return result < 0 ? error_name(UINT64_C(0) - (uint64_t)result)
                      : value_name(find_number(id), (uint64_t)result);
}

const char *vpsci_action_name(enum vpsci_action action)
{
    static const char *const names[] = {
        [VPSCI_RUN] = "run",   [VPSCI_RETURN] = "return",   [VPSCI_ENTER] = "enter",
        [VPSCI_WAIT] = "wait", [VPSCI_FOREIGN] = "foreign",
    };

    return pick_name(names, TEXT_COUNT(names), action);
}

const char *vpsci_wait_name(enum vpsci_wait wait)
{
    static const char *const names[] = {
        [VPSCI_WAIT_NOT] = "not",
        [VPSCI_WAIT_OFF] = "off",
        [VPSCI_WAIT_FROZEN] = "frozen",
        [VPSCI_WAIT_STARTING] = "starting",
        [VPSCI_WAIT_STANDBY] = "standby",
        [VPSCI_WAIT_POWERDOWN] = "powerdown",
        [VPSCI_WAIT_SUSPENDED] = "suspended",
        [VPSCI_WAIT_HELD] = "held",
        [VPSCI_WAIT_ANSWER] = "answer",
        [VPSCI_WAIT_STOPPED] = "stopped",
    };

    return pick_name(names, TEXT_COUNT(names), wait);
}

const char *vpsci_state_name(enum vpsci_state state)
{
    static const char *const names[] = {
        [VPSCI_STATE_OFF] = "off",
        [VPSCI_STATE_FROZEN] = "frozen",
        [VPSCI_STATE_STARTING] = "starting",
        [VPSCI_STATE_ON_PENDING] = "on-pending",
        [VPSCI_STATE_ON] = "on",
        [VPSCI_STATE_STANDBY] = "standby",
        [VPSCI_STATE_POWERDOWN] = "powerdown",
        [VPSCI_STATE_SUSPEND_REQUESTED] = "suspend-requested",
        [VPSCI_STATE_SUSPENDED] = "suspended",
        [VPSCI_STATE_HELD] = "held",
        [VPSCI_STATE_ASKING] = "asking",
    };

    return pick_name(names, TEXT_COUNT(names), state);
}

const char *vpsci_system_name(enum vpsci_system system)
{
    static const char *const names[] = {
        [VPSCI_SYSTEM_RUNNING] = "running",
        [VPSCI_SYSTEM_STOPPING] = "stopping",
        [VPSCI_SYSTEM_STOPPED] = "stopped",
    };

    return pick_name(names, TEXT_COUNT(names), system);
}
