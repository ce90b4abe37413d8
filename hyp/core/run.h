/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop that runs a vCPU on its core. */
#ifndef HYP_RUN_H
#define HYP_RUN_H

#include "vm.h"

/* Never returns. The calling core is the vCPU's. */
__attribute__((noreturn)) void run_vcpu(struct vcpu *vcpu);
/* Does what an exit of the guest asks for. Returns true if the guest may be entered again at once. */
bool run_take_exit(struct vcpu *vcpu, const struct arch_exit *exit);

#endif
