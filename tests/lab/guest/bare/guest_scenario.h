/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scenario is a function that makes checks (report.h). It runs on the core that the boot loader
 * started, with the MMU off, interrupts masked, and the GIC set up. `scenario=NAME` on the kernel
 * command line selects it; other words are arguments of the scenario. When it returns, the machine
 * is powered off.
 */
#ifndef GUEST_SCENARIO_H
#define GUEST_SCENARIO_H

struct scenario {
    const char *name;
    const char *keys; /* other words of the command line, with defaults */
    const char *description;
    void (*function)(void);
};

/* Puts a scenario into the list. The function's body follows. */
#define SCENARIO(identifier, name, keys, description)                                              \
    static void identifier(void);                                                                  \
    static const struct scenario identifier##_scenario = {name, keys, description, identifier};    \
    static const struct scenario *const identifier##_entry                                         \
        __attribute__((used, section("scenarios"))) = &identifier##_scenario;                      \
    static void identifier(void)

#endif
