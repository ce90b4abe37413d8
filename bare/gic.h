/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller: a GICv3 (Arm IHI0069) by its system registers, with all interrupts in
 * Group 1, or a GICv2 (Arm IHI0048). If the device tree has neither, these functions do nothing,
 * and there are no interrupts.
 */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include <stdbool.h>
#include <stdint.h>

enum { GIC_SPURIOUS = 1023, GIC_PRIORITY = 0xa0 };

/* Returns whether the device tree has a supported GIC. */
bool gic_present(void);
/* "GICv3", "GICv2", "no GIC". */
const char *gic_name(void);

/* Sets up the distributor, and what belongs to the calling core. Returns false if there is no
 * GIC, or none for this core. */
bool gic_init(void);
/*
 * Returns whether an enabled interrupt ends the calling core's WFI; sets up the core's GIC if that
 * has not been done. False: the core holds interrupts back, by a mask or an interrupt that it has
 * not ended.
 */
bool gic_wakes(void);
/* Sets up the CPU interface only: a core that was reset must do this again. */
void gic_init_interface(void);

/* For interrupts of the calling core (SGI, PPI), or shared ones, which then go to it. */
void gic_enable(unsigned intid);
void gic_disable(unsigned intid);
bool gic_is_enabled(unsigned intid);
bool gic_is_pending(unsigned intid);
bool gic_is_active(unsigned intid);

/* The calling core's 32 private interrupts at once. */
uint32_t gic_private_enabled(void);
uint32_t gic_private_pending(void);

/* A smaller priority is more urgent; gic_init() gives all interrupts GIC_PRIORITY. */
void gic_set_priority(unsigned intid, uint8_t priority);
/* Lets only interrupts more urgent than this through; gic_init_interface() lets all through. */
void gic_set_mask(uint8_t priority);

struct cpu;
/* Sends an SGI. Returns false if there is no GIC, or (GICv2) the other core has never called
 * gic_init(). */
bool gic_send(const struct cpu *cpu, unsigned sgi);
void gic_send_to_self(unsigned sgi);
/* Returns whether gic_send() to this core sends anything. */
bool gic_reaches(const struct cpu *cpu);
/* Withdraws an SGI that is pending at the calling core, and not acknowledged. */
void gic_withdraw_sgi(unsigned sgi);

/* Returns the interrupt to handle, or GIC_SPURIOUS; call gic_end() when it is handled. */
unsigned gic_acknowledge(void);
void gic_end(unsigned intid);
/* Acknowledges and ends an interrupt, and returns it. */
unsigned gic_take(void);

/*
 * Ends and clears all pending or active private interrupts of the calling core, and the shared
 * interrupts that are signalled to it. First stop what asserts a level, such as a timer. Returns
 * false if an interrupt is left.
 */
bool gic_drain(void);

/* The settings of the calling core's CPU interface, for comparison. */
enum { GIC_SETTING_MAX = 4 };

unsigned gic_setting_count(void);
const char *gic_setting_problem(unsigned index); /* "icc_pmr_el1 differs" */
uint64_t gic_setting(unsigned index);

#endif
