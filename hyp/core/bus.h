/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's accesses that stage 2 does not map: its GIC, its emulated devices, and nothing else. */
#ifndef HYP_BUS_H
#define HYP_BUS_H

#include "vm.h"

/* Where each VM has its GIC. */
enum { BUS_DISTRIBUTOR = 0x08000000, BUS_DISTRIBUTOR_SIZE = 0x10000 };
enum { BUS_REDISTRIBUTORS = 0x080a0000, BUS_REDISTRIBUTOR_SIZE = 0x20000 };

/* Carries out the access that ended arch_run(), or gives the guest an external abort. Owner. */
void bus_take_abort(struct vcpu *vcpu, const struct arch_exit *exit);

#endif
