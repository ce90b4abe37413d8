/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions that a scenario expects. All others end the test in the image's own way. */
#ifndef GUEST_EXCEPTIONS_H
#define GUEST_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Between the two, a synchronous exception is noted and its instruction skipped. */
void exceptions_expect(void);
/* Returns whether there was one; the core's fault_esr and fault_far describe it. */
bool exceptions_seen(void);

/* Lets the calling core take interrupts, with `handler` to end their cause; NULL masks them again.
 */
struct cpu;
void exceptions_interrupts(void (*handler)(struct cpu *cpu));

/* An unexpected exception. */
struct fault {
    uint64_t vector; /* which of the sixteen */
    uint64_t esr;
    uint64_t elr;
    uint64_t far;
    uint64_t spsr;
    uint64_t link; /* x30 */
    uint64_t mpidr;
};

/* Provided by the image: reports it, and ends or restarts the machine. */
__attribute__((noreturn)) void exceptions_unexpected(const struct fault *fault);

#endif
