/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI calls (Arm DEN0022) by the SMC Calling Convention (Arm DEN0028). */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#include "../check/numbers.h"

enum { CALL_REGISTERS = 31 };

/* One call, with the contents of all the caller's registers before and after. */
struct psci_call {
    uint64_t in[CALL_REGISTERS];
    uint64_t out[CALL_REGISTERS];
    uint64_t smc; /* by SMC, not HVC; at EL2 it always is */
    /* The caller's state during the call; I may be unmasked only with a handler installed. */
    uint64_t sctlr;
    uint64_t daif;
    uint64_t spsel;
    uint64_t sp_el0;
    /* As they were when the call returned. */
    uint64_t sctlr_after;
    uint64_t daif_after;
    uint64_t spsel_after;
    uint64_t sp_moved; /* 0: both stack pointers are where they were */
    /* Whether a core that arrives at entry_point continues here, or starts from the beginning
     * as after CPU_ON. */
    uint64_t resumes;
};

/*
 * Sets up a call from a quiet core: MMU off, little-endian, everything masked. The registers that
 * carry no argument hold a different pattern each.
 */
void psci_prepare(struct psci_call *call, uint32_t function, uint64_t first, uint64_t second,
                  uint64_t third);
/*
 * Makes the call. Returns false if the call returned; then `out` and the ..._after fields are
 * filled in. Returns true if the core came back through entry_point; then its `struct cpu` has its
 * state there.
 */
bool psci_call(struct psci_call *call);
/* Returns the call's result: for SMC32 32 bits, sign-extended. */
int64_t psci_result(const struct psci_call *call);

/* Whole calls, if only the result matters. */
int64_t psci_call2(uint32_t function, uint64_t first, uint64_t second);
int64_t psci_call3(uint32_t function, uint64_t first, uint64_t second, uint64_t third);

/*
 * Returns what is wrong with the general registers, stack pointers, PSTATE or SCTLR after a call,
 * or NULL. x4-x30 must be preserved; x1-x3 must hold nothing new (SMCCC 1.1, 2.6 and 2.9).
 */
const char *psci_registers_problem(const struct psci_call *call);

/* Return PSCI_VERSION, and whether PSCI_FEATURES says that a function exists (false before 1.0). */
uint64_t psci_version(void);
bool psci_has(uint32_t function);

extern uint8_t entry_point[]; /* for CPU_ON and every other call with an entry point */

#endif
