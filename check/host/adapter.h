/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Adapters: how a PSCI server is put behind the scenarios of check/scenarios, on a build machine.
 *
 * Write your own
 *  A server is whatever answers PSCI calls of a guest: a library, or a file of a monitor that is
 *  compiled for the build machine with its surroundings faked. An adapter is one `struct adapter`
 *  per configuration of the server, with eight functions of which each is a few lines. Put them
 *  into a table named `adapters`, link it with runner.c, host_view.c, host_main.c and
 *  check/scenarios, and run
 *
 *      vpsci-scenarios configurations    what there is
 *      vpsci-scenarios list              the scenarios, with clause and consequence
 *      vpsci-scenarios run               all on all; see --help
 *
 *  docs/adapter.md has a whole one; libvpsci.c is the one for libvpsci.
 *
 *  1. Describe the machine: `struct machine` has what a guest learns from its device tree. All of
 *     it has to be true of the server, as it is with a real one.
 *  2. create(): make a system of which the boot CPU runs and the others are off. One system is used
 *     at a time, so that a static one will do; it has to be as new each time.
 *  3. call(): a CPU has executed HVC or SMC with these registers. Hand them to the server and say
 *     what became of the CPU. That is one of
 *       EVENT_RETURNED  it runs on behind the call, with this x0
 *       EVENT_ENTERED   it runs from an entry point, with this x0, and so on
 *       EVENT_NONE      it does not run
 *  4. poll(): let a CPU that does not run take a step, and say the same. If it was told to start,
 *     it starts now (EVENT_ENTERED); if it waits in a call that is now complete, it returns
 *     (EVENT_RETURNED); if it runs already, or still waits, EVENT_NONE. A start or a return is
 *     reported once. A server that answers nothing by itself, for there is somebody to be asked,
 *     is answered from here.
 *     A server that starts CPUs inside of CPU_ON, with no moment in between, remembers it for here.
 *  5. wake(): an interrupt has come for a CPU. If the server has it sleep, it goes on at its next
 *     poll(). If it is off, or about to start, nothing happens. Called once for each interrupt: at
 *     once if the CPU does not run, else right after the call() that stops it. A server that has
 *     not decided yet whether the CPU may sleep has to remember it, as a pending interrupt would
 *     be.
 *  6. end(), restart(), pass(): optional. What the system has come to; start it again, as a machine
 *     does after a reset; let the server's clock go on.
 *
 *  What has no abilities for a scenario is skipped with the reason, so start with none of them.
 *
 * Threads
 *  `threads` says that call() and poll() may be called for different CPUs at the same time, by
 *  different threads. Races are then run with threads, and else one after the other, in changing
 *  order. Everything else is called by one thread, while no other call is in progress.
 *
 * What is counted as wrong
 *  Nothing that an adapter does on its own behalf is judged: a server that misbehaves is to be seen
 *  misbehaving. So pass on what it says, also where that is nonsense. A server that would stop the
 *  process (an assertion, a panic) does so, and the scenario that was announced last is the
 *  culprit; an adapter may have it fail instead, by saying EVENT_NONE for good.
 */
#ifndef CHECK_ADAPTER_H
#define CHECK_ADAPTER_H

#include "../scenarios/engine/scenario.h"

struct adapter {
    /** The name of the configuration on the command line, and a description of one line. */
    const char *name;
    const char *description;
    const struct machine *machine;
    /** For the adapter: anything else that distinguishes this configuration. */
    const void *configuration;
    bool threads;

    /** Makes a new system; returns NULL if that is impossible. */
    void *(*create)(const struct adapter *adapter);
    /** NULL if there is nothing to do. */
    void (*destroy)(void *system);
    /** A CPU that runs makes a call. `event` is all zero when called. */
    void (*call)(void *system, uint32_t cpu, const struct guest_call *call, struct event *event);
    /** A CPU takes a step, if it can. `event` is all zero when called. */
    void (*poll)(void *system, uint32_t cpu, struct event *event);
    /** An interrupt has come for a CPU. */
    void (*wake)(void *system, uint32_t cpu);
    /** With VIEW_END. `end` is all zero when called. */
    void (*end)(void *system, struct end *end);
    /** With VIEW_RESTART: called after the system has ended with a reset. */
    void (*restart)(void *system);
    /** With VIEW_TIME. */
    void (*pass)(void *system, uint64_t microseconds);
};

/** All configurations: the program's, or your own. */
extern const struct adapter adapters[];
extern const uint32_t adapter_count;

#endif
