/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The numbers of PSCI (Arm DEN0022) and of the SMC calling convention (SMCCC, Arm DEN0028): what
 * guests and firmware agree on, and nothing of libvpsci's own. For everything that answers calls.
 *
 * Only enums and macros with plain literals, so that code generators can read it too. vpsci.h
 * includes it.
 */
#ifndef VPSCI_ABI_H
#define VPSCI_ABI_H

/* ---- Function IDs ------------------------------------------------------------------------- */

/** Function IDs of PSCI are one of these plus an enum vpsci_function. */
#define VPSCI_FID_32 0x84000000u
#define VPSCI_FID_64 0xc4000000u

/** How many function IDs from either on belong to PSCI, whether they have a function or not. */
#define VPSCI_FID_COUNT 0x20u

/** Bits of every function ID (SMCCC 2.4). */
#define VPSCI_FID_BIT_FAST 0x80000000u
#define VPSCI_FID_BIT_64   0x40000000u
#define VPSCI_FID_BIT_HINT 0x00010000u /* no live SVE state; ignored from SMCCC 1.3 on */

/** The general calls of the SMC calling convention that are answered too. */
#define VPSCI_FID_SMCCC_VERSION       0x80000000u
#define VPSCI_FID_SMCCC_ARCH_FEATURES 0x80000001u

/** The first of KVM's four function IDs for version 0.1, in the order of enum vpsci_id_0_1. */
#define VPSCI_FID_0_1_KVM 0x95c1ba5eu

/** The order in which the four function IDs of version 0.1 are listed. */
enum vpsci_id_0_1 {
    VPSCI_ID_0_1_CPU_SUSPEND = 0,
    VPSCI_ID_0_1_CPU_OFF = 1,
    VPSCI_ID_0_1_CPU_ON = 2,
    VPSCI_ID_0_1_MIGRATE = 3,
    VPSCI_ID_0_1_COUNT = 4
};

/** Numbers of the functions: the low byte of a function ID (DEN0022, "Function prototypes"). */
enum vpsci_function {
    VPSCI_FN_VERSION = 0x00,
    VPSCI_FN_CPU_SUSPEND = 0x01,
    VPSCI_FN_CPU_OFF = 0x02,
    VPSCI_FN_CPU_ON = 0x03,
    VPSCI_FN_AFFINITY_INFO = 0x04,
    VPSCI_FN_MIGRATE = 0x05,
    VPSCI_FN_MIGRATE_INFO_TYPE = 0x06,
    VPSCI_FN_MIGRATE_INFO_UP_CPU = 0x07,
    VPSCI_FN_SYSTEM_OFF = 0x08,
    VPSCI_FN_SYSTEM_RESET = 0x09,
    VPSCI_FN_FEATURES = 0x0a,
    VPSCI_FN_CPU_FREEZE = 0x0b,
    VPSCI_FN_CPU_DEFAULT_SUSPEND = 0x0c,
    VPSCI_FN_NODE_HW_STATE = 0x0d,
    VPSCI_FN_SYSTEM_SUSPEND = 0x0e,
    VPSCI_FN_SET_SUSPEND_MODE = 0x0f,
    VPSCI_FN_STAT_RESIDENCY = 0x10,
    VPSCI_FN_STAT_COUNT = 0x11,
    VPSCI_FN_SYSTEM_RESET2 = 0x12,
    VPSCI_FN_MEM_PROTECT = 0x13,
    VPSCI_FN_MEM_PROTECT_CHECK_RANGE = 0x14,
    VPSCI_FN_SYSTEM_OFF2 = 0x15
};

/* ---- Results ------------------------------------------------------------------------------ */

/** What PSCI functions return to a guest (DEN0022, "Return codes"). */
enum vpsci_result {
    VPSCI_SUCCESS = 0,
    VPSCI_NOT_SUPPORTED = -1,
    VPSCI_INVALID_PARAMETERS = -2,
    VPSCI_DENIED = -3,
    VPSCI_ALREADY_ON = -4,
    VPSCI_ON_PENDING = -5,
    VPSCI_INTERNAL_FAILURE = -6,
    VPSCI_NOT_PRESENT = -7,
    VPSCI_DISABLED = -8,
    VPSCI_INVALID_ADDRESS = -9
};

/** Results of AFFINITY_INFO (DEN0022 5.7). */
enum vpsci_affinity {
    VPSCI_AFFINITY_ON = 0,
    VPSCI_AFFINITY_OFF = 1,
    VPSCI_AFFINITY_ON_PENDING = 2
};

/** Results of MIGRATE_INFO_TYPE (DEN0022 5.9). */
enum vpsci_migrate_type {
    VPSCI_MIGRATE_TYPE_UP_CAPABLE = 0,   /**< a Trusted OS on one core that can migrate */
    VPSCI_MIGRATE_TYPE_UP_INCAPABLE = 1, /**< one that cannot */
    VPSCI_MIGRATE_TYPE_NOT_NEEDED = 2    /**< none, or one that runs on all cores */
};

/** Results of NODE_HW_STATE: what the hardware of a power domain does. */
enum vpsci_hw_state { VPSCI_HW_ON = 0, VPSCI_HW_OFF = 1, VPSCI_HW_STANDBY = 2 };

/** Bits of PSCI_FEATURES(CPU_SUSPEND), and of PSCI_FEATURES(SYSTEM_OFF2). */
#define VPSCI_FEATURE_OS_INITIATED   0x1
#define VPSCI_FEATURE_EXTENDED_STATE 0x2
#define VPSCI_FEATURE_HIBERNATE_OFF  0x1

/* ---- Arguments ---------------------------------------------------------------------------- */

/** The affinity fields of an MPIDR, and of the arguments that name a core. */
#define VPSCI_MPIDR_MASK 0xff00ffffffull

/** `power_state` of CPU_SUSPEND, in the original and in the extended format (DEN0022 5.4.2):
 *  StateType is set for a powerdown state; reserved bits are zero. */
#define VPSCI_STATE_TYPE_ORIGINAL        0x00010000u
#define VPSCI_STATE_RESERVED_ORIGINAL    0xfcfe0000u
#define VPSCI_STATE_LEVEL_SHIFT_ORIGINAL 24
#define VPSCI_STATE_TYPE_EXTENDED        0x40000000u
#define VPSCI_STATE_RESERVED_EXTENDED    0xb0000000u

/** Arguments of PSCI_SET_SUSPEND_MODE (DEN0022 5.20). */
enum vpsci_suspend_mode {
    VPSCI_SUSPEND_MODE_PLATFORM_COORDINATED = 0,
    VPSCI_SUSPEND_MODE_OS_INITIATED = 1
};

/** Types of SYSTEM_RESET2 and SYSTEM_OFF2. Types of SYSTEM_RESET2 with bit 31 are a vendor's. */
#define VPSCI_RESET2_WARM        0x0u
#define VPSCI_RESET2_VENDOR      0x80000000u
#define VPSCI_OFF2_HIBERNATE_OFF 0x1u

/* ---- Versions ----------------------------------------------------------------------------- */

/** Versions of PSCI, as KVM_REG_ARM_PSCI_VERSION has them too: major << 16 | minor. */
#define VPSCI_VERSION_0_1    0x00000001u
#define VPSCI_VERSION_0_2    0x00000002u
#define VPSCI_VERSION_1_0    0x00010000u
#define VPSCI_VERSION_1_1    0x00010001u
#define VPSCI_VERSION_1_2    0x00010002u
#define VPSCI_VERSION_1_3    0x00010003u
#define VPSCI_VERSION_NEWEST VPSCI_VERSION_1_3

/** Versions of the SMC calling convention, in the same encoding. */
#define VPSCI_SMCCC_1_0 0x00010000u
#define VPSCI_SMCCC_1_1 0x00010001u
#define VPSCI_SMCCC_1_3 0x00010003u
#define VPSCI_SMCCC_1_5 0x00010005u

#endif
