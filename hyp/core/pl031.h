/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arm PrimeCell Real Time Clock PL031 (DDI0224C): the machine's date plus what the guest has set,
 * modulo 2^32, one for each VM that has it. It knows neither VMs nor interrupts: after each call
 * pl031_line() and pl031_deadline() say what has become of them.
 */
#ifndef HYP_PL031_H
#define HYP_PL031_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"

enum { PL031_SIZE = 0x1000 };

struct pl031 {
    struct arch_lock lock; /* emulated.c's, of all below */
    uint32_t offset;       /* the guest's time minus the machine's; a reset keeps it: a battery */
    uint32_t match;        /* RTCMR */
    uint32_t load;         /* RTCLR */
    uint64_t alarm;        /* the machine's second when the clock will be RTCMR */
    bool is_armed;         /* RTCMR was written, and the alarm has not gone off since */
    bool has_match;        /* RTCMR was written since the reset */
    bool is_raised;        /* RTCRIS */
    bool is_unmasked;      /* RTCIMSC */
};

/* The state after a reset of the machine: the clock goes on. */
void pl031_reset(struct pl031 *clock);

/* An access of this size at this offset, when the machine's date is `second`. */
uint64_t pl031_read(const struct pl031 *clock, uint64_t offset, unsigned size, uint64_t second);
void pl031_write(struct pl031 *clock, uint64_t offset, unsigned size, uint64_t value,
                 uint64_t second);

/* Lets the alarm go off if it is due. */
void pl031_tick(struct pl031 *clock, uint64_t second);
/* The interrupt line. */
bool pl031_line(const struct pl031 *clock);
/* The machine's second of the alarm; UINT64_MAX if none is armed. */
uint64_t pl031_deadline(const struct pl031 *clock);

#endif
