/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch.h in a program on the build machine, for unit tests: one thread that acts as any of the
 * cores, with a GICv3, memory, time, and hooks for what tests have to decide. A mistake that the
 * hardware would not forgive ends the program.
 */
#ifndef HYP_FAKE_H
#define HYP_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"

enum {
    FAKE_CORES = 16,
    FAKE_INTIDS = 1020,
    FAKE_PRIVATE = 32,
    FAKE_LISTS = 16,
    FAKE_SPURIOUS = 1023,
    FAKE_DISTRIBUTOR = 0x08000000,
    FAKE_REDISTRIBUTORS = 0x080a0000,
    FAKE_RAM = 0x40000000,
    FAKE_RAM_SIZE = 0x1000000
};

/* Everything is as after a reset of the machine and after arch_gic_start_...(), and core 0 runs. */
void fake_reset(void);

/* ---- Cores ---- */

void fake_run_as(unsigned core); /* who arch_core() and the registers of a core are */

/* What arch_run(), arch_wait() and arch_firmware() do; NULL: nothing. */
struct fake_hooks {
    void (*run)(struct arch_frame *frame, struct arch_exit *exit);
    void (*wait)(void);
    void (*firmware)(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3,
                     struct arch_smc_result *result);
    void (*deactivated)(void);                                 /* after hyp ended one */
    void (*acknowledged)(void);                                /* after hyp took an interrupt */
    bool (*read)(uint64_t pa, unsigned size, uint64_t *value); /* a device that is not the GIC */
    bool (*write)(uint64_t pa, unsigned size, uint64_t value);
};

extern struct fake_hooks fake_hooks;

/* What a core's guest was last given; of the calling core. */
struct fake_guest {
    unsigned resets;
    unsigned aborts;
    unsigned undefined;
    unsigned timer_stops;
    bool big_endian;
    uint64_t stage2_root;
    uint64_t mpidr;
    unsigned vmid;
};

extern struct fake_guest fake_guests[FAKE_CORES];

/* ---- Time ---- */

extern uint64_t fake_now; /* at 62.5 MHz */
/* What arch_set_deadline() was last given; UINT64_MAX: none. */
uint64_t fake_deadline(unsigned core);
/* Whether this timer of a core's guest asserts its interrupt. */
void fake_set_timer(unsigned core, unsigned intid, bool is_due);

/* ---- The GIC: the machine's side ---- */

/* An interrupt as the hardware keeps it. */
struct fake_intid {
    bool enabled;
    bool latch; /* pending by an edge or by software */
    bool line;
    bool active;
    bool edge;
    bool group1;
    uint8_t priority;
    uint64_t route;
};

extern unsigned fake_list_count;
extern uint32_t fake_foreign;            /* an LPI that is acknowledged next; 0: none */
extern unsigned fake_waits_for_disabled; /* reads of RWP until it is 0 */

/* Of a core's private interrupt, or of an SPI for any core. */
struct fake_intid *fake_intid(unsigned core, unsigned intid);
void fake_set_line(unsigned core, unsigned intid, bool asserted);
/* The interrupt that is signalled to the core, or FAKE_SPURIOUS. */
unsigned fake_signalled(unsigned core);

/* ---- The GIC: the guest's side, at the calling core (EOImode 0) ---- */

void fake_guest_set_mask(uint8_t mask);
void fake_guest_set_group1(bool enabled);
/* ICC_IAR1_EL1: the interrupt that is signalled to the guest, active from now on, or
 * FAKE_SPURIOUS. */
unsigned fake_guest_acknowledge(void);
void fake_guest_end(unsigned intid);

#endif
