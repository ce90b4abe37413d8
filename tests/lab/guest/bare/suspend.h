/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSTEM_SUSPEND: makes the call and checks its result, for several scenarios. */
#ifndef GUEST_SUSPEND_H
#define GUEST_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "psci.h"
#include "smp.h"
#include "timer.h"

enum suspend_width {
    SUSPEND_32,
    SUSPEND_64,
};

/*
 * A call with this entry point and context ID. The SMC32 one has garbage in the upper half of every
 * register: only the lower halves are arguments (SMCCC 3.1).
 */
void suspend_prepare(struct psci_call *call, enum suspend_width width, uint64_t entry,
                     uint64_t context);
/* The context ID that must arrive: that of an SMC32 call is 32 bits wide. */
uint64_t suspend_context(enum suspend_width width, uint64_t context);

/* Prints the call's arguments, cut to 32 bits for an SMC32 call. */
void suspend_remark(const struct psci_call *call);

/* Makes the call; see psci_call(). A core that came back has its GIC interface set up again. */
bool suspend_call(struct psci_call *call);
/*
 * Makes the usual call with the usual entry point. Returns its result, or SUCCESS if it came back
 * at the entry point.
 */
int64_t suspend_simply(enum suspend_width width, uint64_t context);

/* Enables the timer's interrupt, and sets the timer to fire after `milliseconds`. */
void suspend_arm(enum timer timer, uint64_t milliseconds);

/* Checks that the call came back at its entry point; if not, prints its result. */
bool suspend_check_resumed(bool resumed, const struct psci_call *call, const char *text);
/* Returns what is wrong with the state at an entry point (DEN0022 6.4), or NULL. */
const char *suspend_entry_problem(const struct entry_state *entry, uint64_t context,
                                  bool big_endian);
/*
 * The same after a powerdown CPU_SUSPEND with the virtual timer set: timers that the device tree
 * calls always-on continue during it.
 */
const char *suspend_powerdown_problem(const struct entry_state *entry, uint64_t context);
/* The same with a line for each point. */
void suspend_check_entry(const struct entry_state *entry, uint64_t context, bool big_endian);

/* Milliseconds from `start`, a time of the virtual counter, to the core's last arrival. */
uint64_t suspend_duration(uint64_t start, const struct entry_state *entry);

#endif
