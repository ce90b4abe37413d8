/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller: a GICv3 (Arm IHI0069) by its system registers, all of it Group 1, or a
 * GICv2 (Arm IHI0048). Where the device tree has neither, nothing of this does anything: there are
 * then no interrupts.
 */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include <stdbool.h>
#include <stdint.h>

enum { GIC_SPURIOUS = 1023, GIC_PRIORITY = 0xa0 };

/* Whether the device tree has one that is known here. */
bool gic_present(void);
/* "GICv3", "GICv2", "no GIC". */
const char *gic_name(void);

/* The distributor, once; then each core what is its own. False: there is none, or not for it. */
bool gic_init(void);
/*
 * Whether an enabled interrupt of the calling core ends its WFI, with what gic_init() sets up, which a core that
 * has not done so does here. False: it keeps interrupts back, by a mask or one that it has not ended.
 */
bool gic_wakes(void);
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
/* Only interrupts more urgent than this come through; gic_init_interface() lets all of them. */
void gic_set_mask(uint8_t priority);

struct cpu;
/* False: there is no GIC, or (GICv2) the other core has never called gic_init(). */
bool gic_send(const struct cpu *cpu, unsigned sgi);
void gic_send_to_self(unsigned sgi);
/* Whether gic_send() to this core sends anything. */
bool gic_reaches(const struct cpu *cpu);
/* An SGI that is pending at the calling core, and not acknowledged, is no longer pending. */
void gic_withdraw_sgi(unsigned sgi);

/* The interrupt to handle, GIC_SPURIOUS for none; gic_end() when handled. */
unsigned gic_acknowledge(void);
void gic_end(unsigned intid);
/* Acknowledges and ends whatever is there, and returns it. */
unsigned gic_take(void);

/*
 * Ends and forgets whatever is pending or active among the calling core's private interrupts, and
 * whatever shared one is signalled to it. What asserts a level, such as a timer, has to be stopped
 * before. False: something is left.
 */
bool gic_drain(void);

/* The settings of the calling core's CPU interface, to be compared. */
enum { GIC_SETTING_MAX = 4 };

unsigned gic_setting_count(void);
const char *gic_setting_problem(unsigned index); /* "icc_pmr_el1 differs" */
uint64_t gic_setting(unsigned index);

#endif
