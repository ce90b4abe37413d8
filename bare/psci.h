/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI calls (Arm DEN0022) by way of the SMC Calling Convention (Arm DEN0028). */
#ifndef GUEST_PSCI_H
#define GUEST_PSCI_H

#include <stdbool.h>
#include <stdint.h>

#include "../check/numbers.h"

enum { CALL_REGISTERS = 31 };

/* One call with all that the caller's registers hold, before and after. */
struct psci_call {
    uint64_t in[CALL_REGISTERS];
    uint64_t out[CALL_REGISTERS];
    uint64_t smc; /* by SMC, not HVC; at EL2 it always is */
    /* The caller's state during the call; I may be unmasked only with a handler installed. */
    uint64_t sctlr;
    uint64_t daif;
    uint64_t spsel;
    uint64_t sp_el0;
    /* As found when the call returned. */
    uint64_t sctlr_after;
    uint64_t daif_after;
    uint64_t spsel_after;
    uint64_t sp_moved; /* 0: both stack pointers are where they were */
    /* Whether a core that arrives at entry_point goes on here, or starts anew as after CPU_ON. */
    uint64_t resumes;
};

/*
 * Sets up a call from a quiet core: MMU off, little-endian, everything masked. The registers that
 * carry no argument hold a different pattern each.
 */
void psci_prepare(struct psci_call *call, uint32_t function, uint64_t first, uint64_t second,
                  uint64_t third);
/*
 * Makes the call. False: it returned, and `out` and the ..._after fields are filled in. True: it
 * did not, and this core came back through entry_point, its state there in its `struct cpu`.
 */
bool psci_call(struct psci_call *call);
/* The call's result: 32 bits wide for SMC32, sign-extended. */
int64_t psci_result(const struct psci_call *call);

/* Whole calls for those to whom only the result matters. */
int64_t psci_call2(uint32_t function, uint64_t first, uint64_t second);
int64_t psci_call3(uint32_t function, uint64_t first, uint64_t second, uint64_t third);

/*
 * What is wrong with the general registers, stack pointers, PSTATE or SCTLR after a call, or
 * NULL: x4-x30 are preserved; x1-x3 hold nothing new (SMCCC 1.1, 2.6 and 2.9).
 */
const char *psci_registers_problem(const struct psci_call *call);

/* PSCI_VERSION, and whether PSCI_FEATURES says that a function is there (never before 1.0). */
uint64_t psci_version(void);
bool psci_has(uint32_t function);

extern uint8_t entry_point[]; /* for CPU_ON and everything else that wants an address */

#endif
