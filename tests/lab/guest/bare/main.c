/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "args.h"
#include "exceptions.h"
#include "gic.h"
#include "guest_scenario.h"
#include "platform.h"
#include "psci.h"
#include "report.h"
#include "smp.h"
#include "string.h"
#include "uart.h"

enum { NAME_SIZE = 40 };

/* In the format of CurrentEL. */
#define EL1 (1u << 2)
#define EL2 (2u << 2)

extern const struct scenario *const scenarios_start[];
extern const struct scenario *const scenarios_end[];

void guest_main(const void *blob, uint64_t current_el);

static const struct scenario *find(const char *name)
{
    for (const struct scenario *const *at = scenarios_start; at < scenarios_end; at++) {
        if (string_equal((*at)->name, name)) {
            return *at;
        }
    }
    return NULL;
}

/* The scenario with the next name behind `name`, which may be empty; NULL behind the last. */
static const struct scenario *find_next(const char *name)
{
    const struct scenario *next = NULL;

    for (const struct scenario *const *at = scenarios_start; at < scenarios_end; at++) {
        if (string_before(name, (*at)->name) &&
            (next == NULL || string_before((*at)->name, next->name))) {
            next = *at;
        }
    }
    return next;
}

SCENARIO(list, "list", "", "print this list")
{
    for (const struct scenario *at = find_next(""); at != NULL; at = find_next(at->name)) {
        print("%s%s%s: %s\n", at->name, *at->keys != '\0' ? " " : "", at->keys, at->description);
    }
    check(true, "listed");
}

/* Without these no test is possible. */
static bool ready(bool has_tree, uint64_t current_el)
{
    if (!has_tree) {
        return check(false, "the boot loader gives a device tree in x0");
    }
    if (current_el != EL1 && current_el != EL2) {
        return check(false, "started at EL1 or EL2");
    }
    if (!smp_init()) {
        return check(false, "the device tree names the boot core");
    }
    if (!platform.psci_present) {
        return check(false, "the device tree has a PSCI node");
    }
    return gic_init() || check(false, "the machine has a GICv3 or GICv2");
}

static void run(void)
{
    char name[NAME_SIZE];

    args_text("scenario", name, sizeof(name));
    const struct scenario *scenario = find(name);
    if (scenario == NULL) {
        check(false, "scenario=NAME names a scenario");
        scenario = find("list");
    }
    remark("%s: %s", scenario->name, scenario->description);
    scenario->function();
}

void guest_main(const void *blob, uint64_t current_el)
{
    bool has_tree = platform_read(blob);

    uart_init();
    if (ready(has_tree, current_el)) {
        run();
    }
    report_end();
}
