/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios: how a VM is set up, and what each thread then does, in words.
 *
 * A thread is "0: on 1, off" (the owner of vCPU 0) or "host: wake 0, save". "0: on 1 | off |
 * suspend" is one that does any of them: all combinations with the other threads' are explored. The
 * setup is done before, one step after the other: "0: on 1; 1: next".
 */
#ifndef EXPLORE_SCENARIO_H
#define EXPLORE_SCENARIO_H

#include "action.h"

enum scenario_flags {
    ASKS = 1 << 0,          /* VPSCI_OPTION_ASK_CPU_ON */
    NO_ON_PENDING = 1 << 1, /* VPSCI_OPTION_NO_ON_PENDING */
    DOMAINS = 1 << 2,       /* states of level 1; vCPUs 0 and 1 share a domain, the others too */
    TRUSTED_OS = 1 << 3,    /* that can migrate, on vCPU 0 */
    STATISTICS = 1 << 4,
    SYSTEM = 1 << 5 /* with DOMAINS: also states of level 2, of all vCPUs together */
};

enum { SETUP_MAX = 24 };

struct scenario {
    const char *name;
    const char *setup;
    const char *threads[THREAD_MAX];
    uint32_t flags;
    uint32_t vcpu_count;
};

/* One thread, read. */
struct script {
    char name[8]; /* "0" or "host" */
    uint8_t count;
    struct action actions[ACTION_MAX];
};

/* All of a scenario, read. */
struct program {
    const struct scenario *scenario;
    uint32_t thread_count;
    struct script threads[THREAD_MAX];
    uint32_t setup_count;
    struct action setup[SETUP_MAX];
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* How many combinations of what its threads may do there are. */
uint32_t scenario_combinations(const struct scenario *scenario);
/* One of them. False, after a message, if the words make no sense. */
bool scenario_read(const struct scenario *scenario, uint32_t combination, struct program *program);

#endif
