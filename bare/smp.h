/* SPDX-License-Identifier: BSD-2-Clause */
/* The cores that the device tree names, in its order. */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"
#include "psci.h"

/* What a core found when it arrived at entry_point, before it changed anything. */
struct entry_state {
    uint64_t x[CALL_REGISTERS];
    uint64_t sctlr;
    uint64_t current_el;
    uint64_t daif;
    uint64_t spsel;
    uint64_t cntv_ctl;
    uint64_t cntp_ctl;
    uint64_t counter; /* CNTVCT_EL0 */
};

struct cpu {
    uint64_t mpidr; /* affinity fields only */
    uint64_t stack_top;
    uint64_t resume_sp; /* of psci_call() */
    uint64_t resumes;   /* in psci_call(), to continue there after entry_point */
    struct entry_state entry;
    /* What a core runs after CPU_ON. When it returns, the core turns itself off. */
    void (*function)(struct cpu *cpu);
    /*
     * Shared between cores, by plain loads and stores with barriers: with the MMU off all memory is
     * of Device type, where exclusives need not work.
     */
    volatile uint64_t arrivals; /* written by the core itself: how often CPU_ON started it */
    volatile uint64_t progress; /* written by the core itself */
    volatile uint64_t command;  /* written by others */
    /* For exceptions.c: an exception is expected, and what it was. */
    volatile bool fault_expected;
    volatile bool fault_seen;
    uint64_t fault_esr;
    uint64_t fault_far;
    /* Called for an interrupt; if NULL, an interrupt is unexpected. */
    void (*interrupt)(struct cpu *cpu);
    volatile uint64_t interrupts;
    bool other_method; /* the device tree names a method other than PSCI to start it */
    /* For the GIC. */
    uint64_t gic_frame; /* the registers of the core's private interrupts; 0: not yet known */
    uint32_t gic_acknowledged; /* GICv2: the last SGI with its sender */
    uint8_t gic_target;        /* GICv2: the core's bit among targets; 0: not yet known */
} __attribute__((aligned(CPU_SIZE)));

_Static_assert(sizeof(struct cpu) == CPU_SIZE, "layout.h");

/* The affinity fields of MPIDR_EL1, which are a core's name. */
#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

extern struct cpu cpus[CPU_MAX];
extern uint32_t cpu_count;

/* For platform_read(): adds a core; returns NULL if there are too many. */
struct cpu *smp_add(uint64_t mpidr);
/* Finds the calling core, which the boot loader started, in `cpus`. */
bool smp_init(void);

struct cpu *smp_self(void);
/* Any core but the caller. */
struct cpu *smp_other(void);

/* Calls CPU_ON so that the core runs `function`, with any context ID; returns PSCI's result. */
int64_t smp_start(struct cpu *cpu, void (*function)(struct cpu *cpu), uint64_t context);
/* Calls AFFINITY_INFO for this core. */
int64_t smp_affinity(const struct cpu *cpu);

/* Wait for something that another core does; return false after a few seconds. */
bool smp_wait_off(const struct cpu *cpu);
bool smp_wait_all_off(void); /* all but the first core, one after the other */
bool smp_wait_arrivals(const struct cpu *cpu, uint64_t count);
bool smp_wait_progress(const struct cpu *cpu, uint64_t value);
bool smp_wait_command(const struct cpu *cpu, uint64_t value);

/* What this core accessed before is complete, and other cores see it, before its next access. */
static inline void smp_barrier(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

/* Publish a value, so that the waits above see it and everything written before it. */
void smp_set_progress(struct cpu *self, uint64_t value);
void smp_set_command(struct cpu *other, uint64_t value);

/* For start.S. */
__attribute__((noreturn)) void smp_secondary_main(struct cpu *cpu);

#endif
