/* SPDX-License-Identifier: BSD-2-Clause */
/* The control VM's calls. docs/hyp-control.md is their manual. */
#ifndef HYP_CONTROL_H
#define HYP_CONTROL_H

#include <stdbool.h>

#include "vm.h"

/* Vendor-specific hypervisor services (DEN0028, 6.2): SMC64 calls, but for the two queries. */
enum control_function {
    CONTROL_NEXT_EVENT = 1,
    CONTROL_ANSWER = 2,
    CONTROL_GET_MP_STATE = 3,
    CONTROL_SET_MP_STATE = 4,
    CONTROL_WAKE = 5,
    CONTROL_GET_VERSION = 6,
    CONTROL_SET_VERSION = 7,
    CONTROL_START = 8,
    CONTROL_INFO = 9,
    CONTROL_COUNT
};
#define CONTROL_FID          0xc6000000u /* plus an enum control_function */
#define CONTROL_FID_UID      0x8600ff01u
#define CONTROL_FID_REVISION 0x8600ff03u
#define CONTROL_REVISION     0x00010000u

/* Carries out a call of a vCPU of the control VM: registers x0 to x3. False: there is no such call. */
bool control_call(struct vcpu *vcpu);

#endif
