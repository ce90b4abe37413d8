/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between the versions of the GIC; gic.c does the rest. */
#ifndef GUEST_GIC_OPS_H
#define GUEST_GIC_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "gic_registers.h"

enum {
    GIC_SGI_COUNT = 16,
    GIC_PRIVATE_COUNT = 32,
    GIC_SPECIAL = 1020, /* numbers from here on are not interrupts */
    GIC_MASK_NOTHING = 0xf0,
    GIC_PATIENCE = 1000000,
};

struct cpu;

struct gic_setting {
    const char *problem;
    uint64_t (*read)(void);
};

struct gic_ops {
    const char *name;
    bool (*init_distributor)(void);
    /* Makes the calling core's private interrupts reachable, and sets its gic_frame. */
    bool (*init_private)(void);
    void (*init_interface)(void);
    /* Returns false if the core was reset since it was set up. */
    bool (*interface_is_on)(void);
    /* Returns whether the mask and the active interrupts let an interrupt of this priority
     * through. */
    bool (*lets_through)(uint8_t priority);
    void (*route_to_self)(unsigned intid);
    void (*set_mask)(uint8_t priority);
    bool (*send)(const struct cpu *cpu, unsigned sgi);
    void (*send_to_self)(unsigned sgi);
    void (*forget_sgis)(uint32_t sgis); /* a bit for each */
    unsigned (*acknowledge)(void);
    void (*end)(unsigned intid);
    const struct gic_setting *settings;
    unsigned setting_count;
};

extern const struct gic_ops gic_v2_ops;
extern const struct gic_ops gic_v3_ops;

#endif
