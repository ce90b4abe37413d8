/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a VM: its start, its end, its reset while other VMs run on. If the library says that a
 * system has stopped, each core of it comes here, and no core of it enters the guest or the library
 * again until all have come, have reset what is theirs, and the last one has put the VM's memory,
 * devices and interrupts back. A VM that starts for the first time takes the last part of that way.
 */
#ifndef HYP_SYSTEM_H
#define HYP_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

struct vm;
struct vcpu;

enum system_life {
    SYSTEM_HELD = 0, /* not started yet: for system_start() */
    SYSTEM_RUNNING,  /* the library says what the vCPUs do */
    SYSTEM_COMING,   /* the system has stopped, and not all cores have come */
    SYSTEM_CLEARING, /* all have come, and reset what is theirs */
    SYSTEM_LOADING,  /* one core puts memory and devices back */
    SYSTEM_STARTING, /* an ended VM is to start again: its first core loads it */
    SYSTEM_ENDED     /* turned off */
};

/* Of a VM; under its lock. */
struct system_vm {
    enum system_life life;
    uint32_t round;  /* how often it has stopped */
    unsigned count;  /* cores that have come, or that have cleared, in this round */
    bool ends;       /* it is turned off, not reset */
    uint32_t starts; /* how often it has started */
};

/* Of a vCPU; its core's own, but for `is_parked`. */
struct system_vcpu {
    bool is_up;     /* has gone through the start, and asks the library */
    bool is_parked; /* waits in hyp: others may act as the vCPU's owner; under the VM's lock */
    /* The round in which it was last counted. A core may be so slow that it does not notice that its
     * VM has run between two rounds. */
    uint32_t came;    /* in SYSTEM_COMING */
    uint32_t cleared; /* in SYSTEM_CLEARING */
};

/* On one core, after vpsci_init() and load_vm() of all VMs, before any vCPU runs: those that are not
 * held may start. */
void system_begin(void);
/*
 * For a vCPU that is not up: does the next step of the way above, which may be nothing, and returns
 * whether the vCPU is up now. If not, wait for a kick or an interrupt, and call it again.
 */
bool system_advance(struct vcpu *vcpu);
/* The VM has not started, or has ended: none of its cores has anything to do before a kick. */
bool system_is_down(struct vm *vm);
/* For a vCPU that the library tells VPSCI_WAIT_STOPPED: takes it down, and returns true, if the
 * request was honoured. */
bool system_take_down(struct vcpu *vcpu);
/* A core that starts has the firmware's SMCCC_ARCH_WORKAROUND_2 on (DEN0028 7.4), which its guest may
 * have turned off (VCPU_UNPROTECTED). Owner. */
void system_protect(struct vcpu *vcpu);
/* Starts a VM that is held or has ended. False if it is neither. Any core. */
bool system_start(struct vm *vm);

#endif
