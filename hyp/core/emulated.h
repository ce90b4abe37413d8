/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices that hyp emulates for its VMs: a real-time clock each (pl031.h). The core of a VM's
 * first vCPU keeps its alarms by arch_set_deadline(), also while that vCPU is off; an alarm then makes
 * the clock's interrupt pending at the GIC, which wakes the vCPU that it is routed to.
 */
#ifndef HYP_EMULATED_H
#define HYP_EMULATED_H

#include <stdbool.h>
#include <stdint.h>

#include "vm.h"

/* Before the first guest runs: the machine's date, in seconds since 1970, is this now. */
void emulated_set_date(uint64_t seconds);
/* An access by guest address. False: there is no device. */
bool emulated_read(struct vm *vm, uint64_t ipa, unsigned size, uint64_t *value);
bool emulated_write(struct vm *vm, uint64_t ipa, unsigned size, uint64_t value);
/* The devices' state after a reset of the VM. None of its cores runs. */
void emulated_reset(struct vm *vm);
/* Lets alarms go off that are due, and sets this core's deadline to the next one. Owner; at its start,
 * and after each interrupt. */
void emulated_poll(struct vcpu *vcpu);

#endif
