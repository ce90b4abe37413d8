/* SPDX-License-Identifier: BSD-2-Clause */
#include "smp.h"

#include <stddef.h>

#include "platform.h"
#include "sysreg.h"

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
