/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch.h"

#include "print.h"
#include "start.h"
#include "sysreg.h"

static void fault_print(const char *name, uint64_t value)
{
    print_text(" ");
    print_text(name);
    print_text("=");
    print_hex(value);
}

static void fault_halt(void)
{
    __asm__ volatile("msr daifset, #0xf");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

static void fault_print_registers(const struct arch_frame *frame)
{
    for (unsigned i = 0; i < 31; i++) {
        if (i % 4 == 0) {
            print_text("\r\nhyp:");
        }
        print_text(" x");
        print_number(i);
        print_text("=");
        print_hex(frame->x[i]);
    }
}

static void fault_begin(const char *reason)
{
    print_begin();
    print_text("core ");
    print_number(READ_SYSREG(tpidr_el2) == 0 ? 0 : arch_core());
    print_text(" stops: ");
    print_text(reason);
}

void fault_report(unsigned vector, const struct arch_frame *frame, uint64_t sp)
{
    static const char *const names[] = {"synchronous exception", "IRQ", "FIQ", "SError"};

    fault_begin(names[vector & 3]);
    print_text(" in hyp\r\nhyp:");
    fault_print("pc", frame->pc);
    fault_print("pstate", frame->pstate);
    fault_print("esr", READ_SYSREG(esr_el2));
    fault_print("far", READ_SYSREG(far_el2));
    fault_print("sp", sp);
    fault_print_registers(frame);
    print_end();
    fault_halt();
    __builtin_unreachable();
}

void arch_stop(const char *reason)
{
    fault_begin(reason);
    print_end();
    fault_halt();
    __builtin_unreachable();
}
