/* SPDX-License-Identifier: BSD-2-Clause */
/* Four vCPUs with a Trusted OS that can move, brought into each state that can be saved. */
#ifndef VPSCI_DRIVES_H
#define VPSCI_DRIVES_H

#include "rig.h"

enum { DRIVE_CPUS = 4 };

enum drive {
    DRIVE_NOWHERE,
    DRIVE_CORES,      /* 0 on, 1 in standby, 2 in powerdown, 3 off: the second cluster is down */
    DRIVE_PENDING,    /* 3 */
    DRIVE_FROZEN,     /* 1 */
    DRIVE_HELD,       /* 1 */
    DRIVE_DEFAULT,    /* 1, in CPU_DEFAULT_SUSPEND, from AArch32 */
    DRIVE_ASKING,     /* 0, for a CPU_ON of 3 */
    DRIVE_MIGRATING,  /* 0, to 3 */
    DRIVE_RETURNING,  /* 0: its CPU_ON was refused */
    DRIVE_WOKEN,      /* 1 */
    DRIVE_SUSPENDING, /* 0, and a wake has come */
    DRIVE_SUSPENDED,  /* 0 */
    DRIVE_RESETTING,  /* SYSTEM_RESET2 of a vendor's type by 1 */
    DRIVE_STOPPED,    /* SYSTEM_OFF2 by 0 */
    DRIVE_MODES,      /* OS-initiated, used, and MEM_PROTECT */
    DRIVE_COUNT
};

/* Describes the VM, for a test to change something. */
void drive_describe(struct rig *rig);

/* Makes a VM and brings it there. False if that fails. */
bool drive(struct rig *rig, enum drive where);

#endif
