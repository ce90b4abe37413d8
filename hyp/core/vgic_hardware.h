/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hardware's state of a VM's interrupts. For INTIDs below 32 it is in the redistributor of the
 * vCPU's core, else in the distributor, in bits, bytes or fields that other VMs' interrupts share
 * words with.
 */
#ifndef HYP_VGIC_HARDWARE_H
#define HYP_VGIC_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "bare/gic_registers.h"

struct vm;
struct vcpu;

enum { VGIC_SGI_COUNT = 16, VGIC_PRIVATE_COUNT = 32 };

/* A bit for each interrupt of the word (32 INTIDs) that this VM may see and change. */
uint32_t vgic_owned(const struct vm *vm, unsigned word);
bool vgic_is_owned(const struct vm *vm, unsigned intid);

/* The registers of a word's interrupts, for this vCPU. */
uint64_t vgic_frame(const struct vcpu *vcpu, unsigned word);
/* Whether the bit of this interrupt is 1, or makes it 1, in GICX_...R of a bit for each
 * interrupt. */
bool vgic_bit_is_set(const struct vcpu *vcpu, unsigned registers, unsigned intid);
void vgic_set_bit(const struct vcpu *vcpu, unsigned registers, unsigned intid);
unsigned vgic_priority(const struct vcpu *vcpu, unsigned intid);
/* Waits until a disabled interrupt cannot be taken any more (RWP), for a limited time. */
void vgic_wait_disabled(const struct vcpu *vcpu, unsigned word);
/* Changes the bits of `mask` in a register of the distributor that has no bytes and no registers
 * to set and to clear bits: GICD_ICFGR, GICR_ICFGR1. */
void vgic_change(uint64_t pa, uint32_t mask, uint32_t value);
/* Sends an SPI to this vCPU. */
void vgic_route(const struct vcpu *vcpu, unsigned intid);

/* An interrupt that hyp took is not taken any more: it is pending, or not. Owner. */
void vgic_end_pending(const struct vcpu *vcpu, unsigned intid);
void vgic_end(unsigned intid);

#endif
