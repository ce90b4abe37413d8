/* SPDX-License-Identifier: BSD-2-Clause */
#include "smp.h"

#include <stddef.h>

#include "platform.h"
#include "rest.h"
#include "sysreg.h"
#include "timer.h"

_Static_assert(offsetof(struct cpu, mpidr) == CPU_MPIDR, "layout.h");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "layout.h");
_Static_assert(offsetof(struct cpu, resume_sp) == CPU_RESUME_SP, "layout.h");
_Static_assert(offsetof(struct cpu, resumes) == CPU_RESUMES, "layout.h");
_Static_assert(offsetof(struct cpu, entry) == CPU_ENTRY, "layout.h");
_Static_assert(offsetof(struct entry_state, x) == ENTRY_X, "layout.h");
_Static_assert(offsetof(struct entry_state, sctlr) == ENTRY_SCTLR, "layout.h");
_Static_assert(offsetof(struct entry_state, current_el) == ENTRY_CURRENT_EL, "layout.h");
_Static_assert(offsetof(struct entry_state, daif) == ENTRY_DAIF, "layout.h");
_Static_assert(offsetof(struct entry_state, spsel) == ENTRY_SPSEL, "layout.h");
_Static_assert(offsetof(struct entry_state, cntv_ctl) == ENTRY_CNTV_CTL, "layout.h");
_Static_assert(offsetof(struct entry_state, cntp_ctl) == ENTRY_CNTP_CTL, "layout.h");
_Static_assert(offsetof(struct entry_state, counter) == ENTRY_COUNTER, "layout.h");

enum { PATIENCE_SECONDS = 10 };

struct cpu cpus[CPU_MAX];
uint32_t cpu_count;

extern uint8_t cpu_stacks[];

struct cpu *smp_add(uint64_t mpidr)
{
    if (cpu_count == CPU_MAX) {
        return NULL;
    }
    struct cpu *cpu = &cpus[cpu_count++];

    cpu->mpidr = mpidr;
    cpu->stack_top = (uint64_t)(uintptr_t)cpu_stacks + (uint64_t)cpu_count * CPU_STACK_SIZE;
    return cpu;
}

bool smp_init(void)
{
    uint64_t mpidr = READ_SYSREG(mpidr_el1) & MPIDR_AFFINITY;

    for (uint32_t i = 0; i < cpu_count; i++) {
        if (cpus[i].mpidr == mpidr) {
            WRITE_SYSREG(tpidr_el1, &cpus[i]);
            return true;
        }
    }
    return false;
}

struct cpu *smp_self(void)
{
    uintptr_t self = READ_SYSREG(tpidr_el1);

    return (struct cpu *)self;
}

struct cpu *smp_other(void)
{
    return smp_self() == &cpus[0] ? &cpus[1] : &cpus[0];
}

static void smp_barrier(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

int64_t smp_start(struct cpu *cpu, void (*function)(struct cpu *cpu), uint64_t context)
{
    cpu->function = function;
    smp_barrier();
    return psci_call3(FID64(FN_CPU_ON), cpu->mpidr, (uint64_t)(uintptr_t)entry_point, context);
}

int64_t smp_affinity(const struct cpu *cpu)
{
    return psci_call2(FID64(FN_AFFINITY_INFO), cpu->mpidr, 0);
}

/* Rests between two checks; returns false after too long a time since the first. */
static bool wait_on(uint64_t since)
{
    uint64_t waited = timer_now(TIMER_VIRTUAL) - since;

    if (waited > PATIENCE_SECONDS * timer_frequency()) {
        return false;
    }
    rest_after(waited);
    return true;
}

/* Waits until `*word` is at least `value`. */
static bool wait_at_least(const volatile uint64_t *word, uint64_t value)
{
    uint64_t since = timer_now(TIMER_VIRTUAL);

    while (*word < value) {
        if (!wait_on(since)) {
            return false;
        }
    }
    smp_barrier();
    return true;
}

bool smp_wait_off(const struct cpu *cpu)
{
    uint64_t since = timer_now(TIMER_VIRTUAL);

    while (smp_affinity(cpu) != AFFINITY_OFF) {
        if (!wait_on(since)) {
            return false;
        }
    }
    return true;
}

bool smp_wait_all_off(void)
{
    for (uint32_t i = 1; i < cpu_count; i++) {
        if (!smp_wait_off(&cpus[i])) {
            return false;
        }
    }
    return true;
}

bool smp_wait_arrivals(const struct cpu *cpu, uint64_t count)
{
    return wait_at_least(&cpu->arrivals, count);
}

bool smp_wait_progress(const struct cpu *cpu, uint64_t value)
{
    return wait_at_least(&cpu->progress, value);
}

bool smp_wait_command(const struct cpu *cpu, uint64_t value)
{
    return wait_at_least(&cpu->command, value);
}

void smp_set_progress(struct cpu *self, uint64_t value)
{
    smp_barrier();
    self->progress = value;
}

void smp_set_command(struct cpu *other, uint64_t value)
{
    smp_barrier();
    other->command = value;
}

void smp_secondary_main(struct cpu *cpu)
{
    cpu->arrivals++;
    if (cpu->function != NULL) {
        cpu->function(cpu);
    }
    for (;;) {
        psci_call2(FID32(FN_CPU_OFF), 0, 0);
    }
}
