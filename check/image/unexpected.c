/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An exception that nobody expects: a core runs where it should not, or with registers that are not
 * its own. One that does not carry the script is lost, as far as the scenario can see; without the
 * other there is no scenario, and the machine is started again.
 */
#include "exceptions.h"
#include "hand.h"
#include "link.h"
#include "platform.h"
#include "psci.h"

#include "../scenarios/engine/text.h"

enum { LINE_SIZE = 200 };

static void add(struct text *line, const char *name, uint64_t value)
{
    text_add(line, name);
    text_add_hex(line, value);
}

__attribute__((noreturn)) static void rest(void)
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
        rest();
    }
    text_start(&line, buffer, sizeof(buffer));
    text_add(&line, SAY_EXCEPTION);
    add(&line, "vector ", fault->vector);
    add(&line, ", ESR ", fault->esr);
    add(&line, ", ELR ", fault->elr);
    add(&line, ", FAR ", fault->far);
    add(&line, ", SPSR ", fault->spsr);
    add(&line, ", x30 ", fault->link);
    add(&line, ", CPU ", fault->mpidr);
    link_line(buffer);
    for (;;) {
        if (platform.psci_present) {
            psci_call2(FID32(FN_SYSTEM_RESET), 0, 0);
        }
    }
}
