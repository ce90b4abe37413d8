/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSTEM_SUSPEND: what several scenarios need to make the call and to judge how it ended. */
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

/* Says what the call's arguments are, narrowed where the call is narrow. */
void suspend_remark(const struct psci_call *call);

/* Makes the call; see psci_call(). A core that came back has its GIC interface set up again. */
bool suspend_call(struct psci_call *call);
/* The usual call with the usual entry point; the result where it returned, or SUCCESS. */
int64_t suspend_simply(enum suspend_width width, uint64_t context);

/* Lets the timer's interrupt through and sets it off so many milliseconds from now. */
void suspend_arm(enum timer timer, uint64_t milliseconds);

/* Says whether the call came back at its entry point, and if not, what it answered. */
bool suspend_check_resumed(bool resumed, const struct psci_call *call, const char *text);
/* What is wrong with the state at an entry point (DEN0022 6.4), or NULL. */
const char *suspend_entry_problem(const struct entry_state *entry, uint64_t context,
                                  bool big_endian);
/*
 * The same after a powerdown CPU_SUSPEND with the virtual timer set: timers that the device tree
 * calls always-on go on through it.
 */
const char *suspend_powerdown_problem(const struct entry_state *entry, uint64_t context);
/* The same with a line for each point. */
void suspend_check_entry(const struct entry_state *entry, uint64_t context, bool big_endian);

/* Milliseconds from `start`, a time of the virtual counter, to the core's last arrival. */
uint64_t suspend_duration(uint64_t start, const struct entry_state *entry);

#endif
