/* SPDX-License-Identifier: BSD-2-Clause */
#include "exceptions.h"

#include <stddef.h>

#include "layout.h"
#include "platform.h"
#include "smp.h"
#include "sysreg.h"

struct exception_frame {
    uint64_t x[CALL_REGISTERS];
    uint64_t elr;
    uint64_t spsr;
    uint64_t sctlr;
};

_Static_assert(offsetof(struct exception_frame, elr) == FRAME_ELR, "layout.h");
_Static_assert(offsetof(struct exception_frame, spsr) == FRAME_SPSR, "layout.h");
_Static_assert(offsetof(struct exception_frame, sctlr) == FRAME_SCTLR, "layout.h");
_Static_assert(sizeof(struct exception_frame) <= FRAME_SIZE, "layout.h");

/* Slots of the vector table, for exceptions from the core's own level, with either stack
 * pointer. */
enum { SYNCHRONOUS_SP0 = 0, IRQ_SP0 = 1, SYNCHRONOUS = 4, IRQ = 5 };

enum { INSTRUCTION_SIZE = 4 };

void exception(struct exception_frame *frame, uint64_t vector);

void exceptions_expect(void)
{
    struct cpu *cpu = smp_self();

    cpu->fault_seen = false;
    cpu->fault_expected = true;
}

bool exceptions_seen(void)
{
    struct cpu *cpu = smp_self();

    cpu->fault_expected = false;
    return cpu->fault_seen;
}

void exceptions_interrupts(void (*handler)(struct cpu *cpu))
{
    smp_self()->interrupt = handler;
    if (handler != NULL) {
        __asm__ volatile("msr daifclr, #2" ::: "memory");
    } else {
        __asm__ volatile("msr daifset, #2" ::: "memory");
    }
}

static void note_fault(struct cpu *cpu, struct exception_frame *frame)
{
    cpu->fault_seen = true;
    cpu->fault_esr = READ_OWN_SYSREG(esr);
    cpu->fault_far = READ_OWN_SYSREG(far);
    if (frame->elr >= (uint64_t)(uintptr_t)image_start &&
        frame->elr < (uint64_t)(uintptr_t)image_end) {
        frame->elr += INSTRUCTION_SIZE;
    } else {
        frame->elr = frame->x[30]; /* The core jumped to a wrong address: return to the caller. */
    }
}

static struct fault fault_describe(const struct exception_frame *frame, uint64_t vector)
{
    return (struct fault){
        .vector = vector,
        .esr = READ_OWN_SYSREG(esr),
        .elr = frame->elr,
        .far = READ_OWN_SYSREG(far),
        .spsr = frame->spsr,
        .link = frame->x[30],
        .mpidr = READ_SYSREG(mpidr_el1),
    };
}

void exception(struct exception_frame *frame, uint64_t vector)
{
    struct cpu *cpu = smp_self();

    if ((vector == IRQ || vector == IRQ_SP0) && cpu->interrupt != NULL) {
        cpu->interrupts++;
        cpu->interrupt(cpu);
        return;
    }
    if ((vector == SYNCHRONOUS || vector == SYNCHRONOUS_SP0) && cpu->fault_expected) {
        note_fault(cpu, frame);
        return;
    }
    struct fault fault = fault_describe(frame, vector);

    exceptions_unexpected(&fault);
}
