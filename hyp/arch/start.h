/* SPDX-License-Identifier: BSD-2-Clause */
/* What start.S and enter.S call, and what they have for C. */
#ifndef HYP_START_H
#define HYP_START_H

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "cores.h"

/* Prepares the cores' slots and the map of memory, with the MMU off. Returns the boot core's slot. */
struct core *start_boot(uint64_t tree);
/* Reports a fault in hyp, and stops the core. */
__attribute__((noreturn)) void fault_report(unsigned vector, const struct arch_frame *frame,
                                            uint64_t sp);

/* Where a core that CPU_ON starts begins, with its slot in x0. */
void core_start(void);
/* Keeps this core's registers in its slot and returns false. Returns true when the firmware starts the
 * core at core_resume(), with that slot in x0 and all else lost. */
bool core_keep(struct core *core) __attribute__((returns_twice));
void core_resume(void);
/* Runs the guest. Returns the number of the vector by which it left, 8 to 15; or VECTOR_CALLED. */
unsigned enter_guest(struct arch_frame *frame);

#endif
