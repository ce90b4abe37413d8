/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of interrupts, which the distributor and the second frame of a redistributor both
 * have. */
#ifndef HYP_VGIC_ACCESS_H
#define HYP_VGIC_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* A guest's access to a register. */
struct vgic_access {
    struct vcpu *vcpu;   /* whose redistributor; for the distributor, any of the VM */
    bool is_distributor; /* has words from 1 on; a redistributor has word 0 only */
    uint32_t offset;     /* in the frame; a multiple of size */
    unsigned size;
    uint64_t value; /* that is written, or that was read; 0 before a read */
};

/* Both return false if there is no register of this size. */
bool vgic_read_interrupts(struct vgic_access *access);
bool vgic_write_interrupts(const struct vgic_access *access);

#endif
