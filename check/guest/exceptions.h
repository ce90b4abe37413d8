/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions that a scenario expects; all others end the test and the machine. */
#ifndef GUEST_EXCEPTIONS_H
#define GUEST_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Between the two, a synchronous exception is noted and its instruction skipped. */
void exceptions_expect(void);
/* Whether there was one; what it was is in the core's fault_esr and fault_far. */
bool exceptions_seen(void);

/* Lets the calling core take interrupts, with `handler` to end their cause; NULL masks them again.
 */
struct cpu;
void exceptions_interrupts(void (*handler)(struct cpu *cpu));

#endif
