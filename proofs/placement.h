/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the place of lib/placement.h, for CBMC: each vCPU is an object of its own, and so is each row
 * of domains (world.c). With the library's layout each access to one would be an access to bytes behind
 * another object.
 */
#ifndef VPSCI_PLACEMENT_H
#define VPSCI_PLACEMENT_H

#include <stdint.h>

struct vpsci_vm;
struct vpsci_vcpu;
struct vpsci__cell;

struct vpsci_vcpu *vpsci__vcpu(const struct vpsci_vm *vm, uint32_t index);
struct vpsci_vm *vpsci__vm(const struct vpsci_vcpu *vcpu);
struct vpsci__cell *vpsci__domain_row(const struct vpsci_vm *vm, uint32_t index);

#endif
