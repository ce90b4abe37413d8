/* SPDX-License-Identifier: BSD-2-Clause */
/* The conformance image: from the first line of C to the script. */
#include <stddef.h>

#include "../protocol.h"
#include "../scenarios/engine/tap.h"
#include "facts.h"
#include "gic.h"
#include "hand.h"
#include "image_run.h"
#include "link.h"
#include "platform.h"
#include "platform_idle.h"
#include "script_stack.h"
#include "uart.h"
#include "wake.h"
#include "watch.h"

void guest_main(const void *blob, uint64_t current_el);

/* Returns the missing thing without which there is no server to examine, or no way to do it;
 * NULL if nothing is missing. */
static const char *find_missing(bool has_tree)
{
    if (!has_tree) {
        return "the boot loader gives no device tree";
    }
    if (!smp_init()) {
        return "the device tree does not name the boot CPU";
    }
    if (!platform.psci_present && !platform.psci_0_1_present) {
        return "the device tree has no PSCI node";
    }
    return gic_init() ? NULL : "there is no GICv2 or GICv3 to wake CPUs with";
}

__attribute__((noreturn)) static void run_bail_out(const char *why)
{
    const struct tap tap = {.line = link_tap_line, .indent = ""};

    tap_say(&tap, SAY_BAIL_OUT " ", why, "");
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void guest_main(const void *blob, uint64_t current_el)
{
    bool has_tree = platform_read(blob);
    const char *why;

    (void)current_el;
    uart_init();
    link_line(SAY_TAP);
    link_line(SAY_IMAGE PROTOCOL_TEXT(PROTOCOL_VERSION));
    why = find_missing(has_tree);
    if (why != NULL) {
        run_bail_out(why);
    }
    platform_read_idle(blob);
    wake_enable();
    wake_quiet();
    facts_read();
    watch_prepare(&facts);
    script_prepare(run_main);
    hands_start();
}
