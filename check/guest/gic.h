/* SPDX-License-Identifier: BSD-2-Clause */
/* The GICv3 (Arm IHI0069), by its system registers; everything is Group 1. */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include <stdbool.h>
#include <stdint.h>

enum { GIC_SPURIOUS = 1023, GIC_PRIORITY = 0xa0 };

/* The distributor, once; then each core its redistributor and CPU interface. */
bool gic_init(void);
/* The CPU interface only: what a core that was reset must do again. */
void gic_init_interface(void);

/* Interrupts of the calling core (SGI, PPI), or shared ones, which go to it. */
void gic_enable(unsigned intid);
void gic_disable(unsigned intid);
bool gic_is_enabled(unsigned intid);
bool gic_is_pending(unsigned intid);
bool gic_is_active(unsigned intid);

/* The calling core's 32 private interrupts at once. */
uint32_t gic_private_enabled(void);
uint32_t gic_private_pending(void);

/* Smaller is more urgent; gic_init() gives all GIC_PRIORITY. */
void gic_set_priority(unsigned intid, uint8_t priority);
void gic_send_to_self(unsigned sgi);

/* The interrupt to handle, GIC_SPURIOUS for none; gic_end() when handled. */
unsigned gic_acknowledge(void);
void gic_end(unsigned intid);
/* Acknowledges and ends whatever is there, and returns it. */
unsigned gic_take(void);

#endif
