/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine without instructions, for tests of the parts of hyp/core that decide: what the processor,
 * the GIC and the loader are asked is noted, and the test says what a guest does. Any call of these
 * can be the moment at which something else happens (`lone.at`).
 */
#ifndef TESTS_HYP_LONE_H
#define TESTS_HYP_LONE_H

#include <stdbool.h>
#include <stdint.h>

#include "vm.h"

enum { LONE_FREQUENCY = 1000, LONE_INTID_MAX = 64, LONE_CORES = 5 };

/* The VMs: the first decides for the second if that VM's policy says so; the third is held. */
enum lone_vm { LONE_CONTROL, LONE_GUEST, LONE_HELD, LONE_VMS };
/* Their cores. */
enum lone_core { CONTROL_0, GUEST_0, GUEST_1, GUEST_2, HELD_0 };

struct lone_core_state {
    bool is_kicked;
    bool is_pending; /* an interrupt of the guest, at the GIC */
    bool is_taken;   /* the same, after vgic_take() */
    bool is_asleep;  /* arch_wait() had nothing to return for */
    bool is_traced;  /* as its guest may be since it started */
    bool runs;       /* may be in the guest */
    bool is_late;    /* does not notice that its VM has started again */
    unsigned sleeps; /* arch_sleep(), the last one of this depth: */
    enum arch_sleep depth;
    uint64_t deadline;
    unsigned resets;      /* arch_reset_vcpu() */
    unsigned timer_stops; /* arch_stop_timers() */
    unsigned clears;      /* vgic_reset_vcpu() */
    unsigned kicks_of;    /* arch_kick() of it */
    bool starts_big_endian;
};

struct lone_machine {
    unsigned core; /* whose turn it is */
    uint64_t now;
    struct lone_core_state cores[LONE_CORES];
    bool lines[LONE_VMS][LONE_INTID_MAX]; /* vgic_raise(), and not lowered since */
    unsigned route;                       /* the core that gets what is raised */
    unsigned loads[LONE_VMS];
    bool cleared[LONE_VMS]; /* by the last load */
    unsigned gic_resets[LONE_VMS];
    unsigned forgotten; /* arch_forget_stage2() */
    bool is_off;        /* the firmware's SYSTEM_OFF */
    bool caller_is_big_endian;
    unsigned calls;       /* of any function of the machine */
    unsigned at;          /* at which of them ... */
    void (*happen)(void); /* ... this happens; NULL: nothing */
    bool has_happened;
    bool happens_unlocked; /* only where no lock is held, as it takes locks itself */
    unsigned locks;
    /* The firmware: the results of functions. */
    int64_t (*firmware)(uint64_t function, uint64_t argument);
    unsigned firmware_calls;
};

extern struct lone_machine lone;

/* All VMs as they are before the first vCPU runs. lone_begin() lets them start. */
void lone_create(void);
void lone_begin(void);

struct vcpu *lone_vcpu(unsigned core);
/* Lets all cores go on until each is in its guest or asleep. */
void lone_settle(void);
/* The guest of this core, which runs, makes a call. Returns x0, if it still runs afterwards. */
uint64_t lone_call(unsigned core, uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
/* An interrupt for the guest of this core. */
void lone_interrupt(unsigned core);

#define FN32(name) ((uint64_t)VPSCI_FID_32 + VPSCI_FN_##name)
#define FN64(name) ((uint64_t)VPSCI_FID_64 + VPSCI_FN_##name)

#endif
