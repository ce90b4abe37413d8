/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of guests by HVC or SMC (Arm DEN0028, SMCCC 1.2 and later: x0 to x3 carry results, all other
 * registers are preserved). The library answers those of PSCI and the general ones. Three others
 * exist: SMCCC_ARCH_WORKAROUND_1 to 4, passed to the firmware if it says that it has them, and the
 * control interface (control.h). No other call reaches the firmware.
 */
#ifndef HYP_CALLS_H
#define HYP_CALLS_H

#include <stdbool.h>

#include "vm.h"

/* Before the first guest runs, on one core: asks the firmware for its version of SMCCC. */
void calls_ask_firmware(void);
/* Carries out the call that ended arch_run(). Returns true if the vCPU may run again at once, else
 * power_step() says when. */
bool calls_take(struct vcpu *vcpu, const struct arch_exit *exit);

#endif
