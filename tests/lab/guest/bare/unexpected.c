/* SPDX-License-Identifier: BSD-2-Clause */
/* An exception that no scenario expects: the test has failed, and the machine is turned off. */
#include "exceptions.h"
#include "platform.h"
#include "psci.h"
#include "report.h"

void exceptions_unexpected(const struct fault *fault)
{
    static volatile bool reporting;

    /* An exception while reporting one: power off without another word. */
    if (!reporting) {
        reporting = true;
        print("\n");
        check(false, "unexpected exception");
        remark("vector %lu ESR 0x%lx ELR 0x%lx FAR 0x%lx SPSR 0x%lx x30 0x%lx MPIDR 0x%lx",
               fault->vector, fault->esr, fault->elr, fault->far, fault->spsr, fault->link,
               fault->mpidr);
        report_plan();
    }
    for (;;) {
        if (platform.psci_present) {
            psci_call2(FID32(FN_SYSTEM_OFF), 0, 0);
        }
    }
}
