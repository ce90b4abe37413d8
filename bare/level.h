/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exception level: an image that is started at EL2 stays there. Registers with the same purpose
 * differ in name, and a few in layout.
 */
#ifndef GUEST_LEVEL_H
#define GUEST_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

/* CurrentEL of the boot core at its first instruction. */
extern uint64_t level_at_start;

/* Returns the calling core's level: 1 or 2. */
unsigned level_own(void);

/*
 * Whether EL2 has the registers of EL1 (HCR_EL2.E2H): start.S turns that off, but the newest cores
 * know nothing else. The names of EL1's registers, and of the timers, then mean those of EL2.
 */
bool level_is_like_el1(void);

/* SCTLR of a core with nothing on, at this level. */
uint64_t level_sctlr(void);

#endif
