/* SPDX-License-Identifier: BSD-2-Clause */
/* Two VMs on the fake machine, whose interrupts share words: `vms[0]` has cores 4 to 7, `vms[1]`
 * cores 0 and 1. */
#ifndef VGIC_RIG_H
#define VGIC_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "vm.h"

enum {
    RIG_UART = 33, /* SPIs of the first VM */
    RIG_CLOCK = 34,
    RIG_EXTRA = 40,   /* and six more */
    RIG_FOREIGN = 35, /* SPIs of the second one */
    RIG_FOREIGN_2 = 41 + 32,
    RIG_NOBODY = 36, /* of no VM */
    RIG_TIMER = 27,
};

int rig_start(void **state);

/* The vCPU of the first VM, whose core runs from now on. */
struct vcpu *rig_as(unsigned index);
/* Of the second VM. */
struct vcpu *rig_as_foreign(unsigned index);

uint32_t rig_read(struct vcpu *vcpu, uint64_t offset);
void rig_write(struct vcpu *vcpu, uint64_t offset, uint32_t value);
uint32_t rig_read_redistributor(struct vcpu *vcpu, unsigned of, uint64_t offset);
void rig_write_redistributor(struct vcpu *vcpu, unsigned of, uint64_t offset, uint32_t value);

/* What a guest does to get interrupts: the distributor, its CPU interface. */
void rig_open(struct vcpu *vcpu);
/* Enables an interrupt, and gives it a priority. */
void rig_enable(struct vcpu *vcpu, unsigned intid, uint8_t priority);
/* Routes an SPI to a vCPU of the same VM. */
void rig_route(struct vcpu *vcpu, unsigned intid, unsigned to);
/* All cores of the first VM do what they were asked. */
void rig_serve(void);
/* What hyp does at an exit, and then what the guest acknowledges. */
unsigned rig_turn(struct vcpu *vcpu);

#endif
