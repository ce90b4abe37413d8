/* SPDX-License-Identifier: BSD-2-Clause */
/** Short forms for what most scenarios do: calls by name, and calls with their expected results. */
#ifndef SCENARIOS_MOVES_H
#define SCENARIOS_MOVES_H

#include "script.h"

const struct event *cpu_on(struct trial *t, uint32_t caller, uint64_t target, uint64_t address,
                           uint64_t context);
/** The same for a CPU that exists, called by the boot CPU. */
const struct event *turn_on(struct trial *t, uint32_t cpu, uint64_t address, uint64_t context);
const struct event *cpu_off(struct trial *t, uint32_t cpu);
const struct event *affinity(struct trial *t, uint64_t target, uint64_t level);
const struct event *affinity_by(struct trial *t, uint32_t caller, uint64_t target, uint64_t level);
const struct event *features(struct trial *t, uint64_t function);
const struct event *suspend(struct trial *t, uint32_t cpu, uint64_t power_state, uint64_t address,
                            uint64_t context);
const struct event *system_suspend(struct trial *t, uint32_t cpu, uint64_t address,
                                   uint64_t context);
const struct event *set_mode(struct trial *t, uint32_t cpu, uint64_t mode);

/** Changes to OS-initiated mode; skips if that is too late. */
void to_os_mode(struct trial *t);
/** Starts a CPU from the boot CPU (or `caller`), and expects it to arrive. */
void start(struct trial *t, uint32_t cpu);
void start_by(struct trial *t, uint32_t caller, uint32_t cpu, uint64_t context);
/** Starts the n-th of the other CPUs and returns it; starts all of them. */
uint32_t started(struct trial *t, uint32_t n);
void start_all(struct trial *t);
/** Starts a CPU from the boot CPU, unless it runs already. */
void keep_on(struct trial *t, uint32_t cpu);
/** Turns a CPU off, and expects it to go. */
void stop(struct trial *t, uint32_t cpu);
/** Expects AFFINITY_INFO of level 0, called by the boot CPU, to say so. Does nothing in PSCI
 * 0.1, which has no such call. */
void is_on(struct trial *t, uint32_t cpu, const char *what);
void is_off(struct trial *t, uint32_t cpu, const char *what);
/** Wakes a CPU that is in `state`, and expects it to run again: from its entry point if it lost
 * its context, or behind the call, as the server chooses (5.4: a powerdown may be downgraded). */
void wakes_from(struct trial *t, uint32_t cpu, const struct machine_state *state, uint64_t address,
                uint64_t context);
/** Puts a CPU into a state, and expects that it does not return by itself. */
void put_into(struct trial *t, uint32_t cpu, const struct machine_state *state, uint64_t context);

#endif
