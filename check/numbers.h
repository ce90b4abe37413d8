/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The numbers of PSCI (Arm DEN0022) and of the SMC calling convention (Arm DEN0028), as a guest
 * knows them: for the scenarios, for the images, and for the bare-metal tests. They are copies on
 * purpose, not those of vpsci/abi.h: a server that has a number wrong must not make its examiner
 * wrong.
 */
#ifndef CHECK_NUMBERS_H
#define CHECK_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Return codes (DEN0022 5.2.2). */
enum {
    RET_SUCCESS = 0,
    RET_NOT_SUPPORTED = -1,
    RET_INVALID_PARAMETERS = -2,
    RET_DENIED = -3,
    RET_ALREADY_ON = -4,
    RET_ON_PENDING = -5,
    RET_INTERNAL_FAILURE = -6,
    RET_NOT_PRESENT = -7,
    RET_DISABLED = -8,
    RET_INVALID_ADDRESS = -9,
    RET_LOWEST = -9
};

/** Returns "DENIED" and so on; NULL if the result is not a return code. */
static inline const char *ret_name(int64_t result)
{
    static const char *const names[] = {
        "SUCCESS",    "NOT_SUPPORTED",    "INVALID_PARAMETERS", "DENIED",   "ALREADY_ON",
        "ON_PENDING", "INTERNAL_FAILURE", "NOT_PRESENT",        "DISABLED", "INVALID_ADDRESS",
    };

    return result <= RET_SUCCESS && result >= RET_LOWEST ? names[-result] : NULL;
}

/** Sets of return codes, for what a call may return. */
enum {
    IS_SUCCESS = 1 << 0,
    IS_NOT_SUPPORTED = 1 << 1,
    IS_INVALID_PARAMETERS = 1 << 2,
    IS_DENIED = 1 << 3,
    IS_ALREADY_ON = 1 << 4,
    IS_ON_PENDING = 1 << 5,
    IS_INTERNAL_FAILURE = 1 << 6,
    IS_NOT_PRESENT = 1 << 7,
    IS_DISABLED = 1 << 8,
    IS_INVALID_ADDRESS = 1 << 9,
    IS_ANY_ERROR = 0x3fe
};

/** What AFFINITY_INFO, NODE_HW_STATE and MIGRATE_INFO_TYPE return. */
enum { AFFINITY_ON = 0, AFFINITY_OFF = 1, AFFINITY_ON_PENDING = 2 };
enum { HW_ON = 0, HW_OFF = 1, HW_STANDBY = 2 };
enum { TOS_MIGRATABLE = 0, TOS_FIXED = 1, TOS_NONE = 2 };

/** Numbers of the functions: the low byte of an ID. */
enum {
    FN_VERSION = 0x00,
    FN_CPU_SUSPEND = 0x01,
    FN_CPU_OFF = 0x02,
    FN_CPU_ON = 0x03,
    FN_AFFINITY_INFO = 0x04,
    FN_MIGRATE = 0x05,
    FN_MIGRATE_INFO_TYPE = 0x06,
    FN_MIGRATE_INFO_UP_CPU = 0x07,
    FN_SYSTEM_OFF = 0x08,
    FN_SYSTEM_RESET = 0x09,
    FN_FEATURES = 0x0a,
    FN_CPU_FREEZE = 0x0b,
    FN_CPU_DEFAULT_SUSPEND = 0x0c,
    FN_NODE_HW_STATE = 0x0d,
    FN_SYSTEM_SUSPEND = 0x0e,
    FN_SET_SUSPEND_MODE = 0x0f,
    FN_STAT_RESIDENCY = 0x10,
    FN_STAT_COUNT = 0x11,
    FN_SYSTEM_RESET2 = 0x12,
    FN_MEM_PROTECT = 0x13,
    FN_MEM_PROTECT_CHECK_RANGE = 0x14,
    FN_SYSTEM_OFF2 = 0x15,
    FN_COUNT = 0x16,
    /** The range of IDs that belong to PSCI ends before this number. */
    FN_RANGE = 0x20
};

/** For sets of functions, in `struct scenario`. */
#define HAS(function) (UINT32_C(1) << (function))

/** The bit of an ID that marks an SMC64 call. */
#define SMC64_BIT UINT32_C(0x40000000)

#define FID32(function) (UINT32_C(0x84000000) | (uint32_t)(function))
#define FID64(function) (FID32(function) | SMC64_BIT)

#define FID_SMCCC_VERSION       UINT32_C(0x80000000)
#define FID_SMCCC_ARCH_FEATURES UINT32_C(0x80000001)

/** Returns whether an ID is that of an SMC64 call; otherwise only the lower halves of its
 * arguments count. */
static inline bool fid_is_64(uint64_t id)
{
    return (id & SMC64_BIT) != 0;
}

/** Flags of CPU_SUSPEND in PSCI_FEATURES, and the modes of PSCI_SET_SUSPEND_MODE. */
enum { SUSPEND_OS_INITIATED = 1 << 0, SUSPEND_EXTENDED = 1 << 1 };
enum { MODE_PLATFORM = 0, MODE_OS = 1 };

/** The bit of power_state that is StateType: set for a powerdown state (DEN0022 5.4.2). */
#define STATE_TYPE(extended) (UINT32_C(1) << ((extended) ? 30 : 16))

#define V0_1 UINT32_C(0x00001)
#define V0_2 UINT32_C(0x00002)
#define V1_0 UINT32_C(0x10000)
#define V1_1 UINT32_C(0x10001)
#define V1_3 UINT32_C(0x10003)

#define SMCCC_1_0 UINT32_C(0x10000)
#define SMCCC_1_1 UINT32_C(0x10001)
#define SMCCC_1_3 UINT32_C(0x10003)

/** A value for upper halves that must not count. */
#define GARBAGE UINT64_C(0xdeadbeef00000000)

#endif
