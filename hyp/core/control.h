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

/* What they return in x0, besides the kinds of events. */
enum control_error {
    CONTROL_E_CALL = -1,     /* there is no such call, or this VM is not the control VM */
    CONTROL_E_ARGUMENT = -2, /* there is no such VM, vCPU, state, result or version */
    CONTROL_E_STATE = -3,    /* not possible as things are */
    CONTROL_E_BUSY = -4      /* the vCPU runs, or its VM is being reset: try again */
};

/* What CONTROL_INFO says of a VM. */
enum control_life {
    CONTROL_LIFE_HELD = 0, /* for CONTROL_START */
    CONTROL_LIFE_RUNS = 1, /* a sleep is no other life: CONTROL_GET_MP_STATE */
    CONTROL_LIFE_CHANGES = 2,
    CONTROL_LIFE_OFF = 3 /* turned off; CONTROL_START starts it again */
};

#define CONTROL_FID          0xc6000000u /* plus an enum control_function */
#define CONTROL_FID_UID      0x8600ff01u
#define CONTROL_FID_REVISION 0x8600ff03u
#define CONTROL_REVISION     0x00010000u

/* Carries out a call of a vCPU of the control VM: registers x0 to x3. False: there is no such call. */
bool control_call(struct vcpu *vcpu);

#endif
