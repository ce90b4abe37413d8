/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An unexpected exception: a core runs where it should not, or with wrong registers. If it does not
 * carry the script, the scenario sees a lost core. If it does, the scenario cannot continue, and
 * the machine is reset.
 */
#include "exceptions.h"
#include "hand.h"
#include "link.h"
#include "platform.h"
#include "psci.h"

#include "../scenarios/engine/text.h"

enum { LINE_SIZE = 200 };

static void add_register(struct text *line, const char *name, uint64_t value)
{
    text_add(line, name);
    text_add_hex(line, value);
}

__attribute__((noreturn)) static void rest_for_ever(void)
{
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void exceptions_unexpected(const struct fault *fault)
{
    static char buffer[LINE_SIZE];
    struct text line;

    if (!hand_carries(fault->mpidr)) {
        rest_for_ever();
    }
    text_start(&line, buffer, sizeof(buffer));
    text_add(&line, SAY_EXCEPTION);
    add_register(&line, "vector ", fault->vector);
    add_register(&line, ", ESR ", fault->esr);
    add_register(&line, ", ELR ", fault->elr);
    add_register(&line, ", FAR ", fault->far);
    add_register(&line, ", SPSR ", fault->spsr);
    add_register(&line, ", x30 ", fault->link);
    add_register(&line, ", CPU ", fault->mpidr);
    link_line(buffer);
    for (;;) {
        if (platform.psci_present) {
            psci_call2(FID32(FN_SYSTEM_RESET), 0, 0);
        }
    }
}
