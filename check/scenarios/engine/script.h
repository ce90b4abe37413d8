/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The functions in which scenarios are written. They do nothing once a trial is over, which is
 * after the first failed expectation: a call then returns EVENT_NONE, a number is 0, and
 * expectations hold.
 */
#ifndef SCENARIOS_SCRIPT_H
#define SCENARIOS_SCRIPT_H

#include "scenario.h"

/** The number of rounds of a race, enough to hit a window of a few instructions; and the number
 * of failed rounds that ends it. */
enum { RACE_ROUNDS = 200, FAILURES_ENOUGH = 20 };

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* ---- The machine -------------------------------------------------------------------------- */

/** Return the boot CPU, and the n-th of the others (from 0). */
static inline uint32_t boot(const struct trial *t)
{
    return t->machine->boot_cpu;
}
uint32_t other(const struct trial *t, uint32_t n);
static inline uint32_t cpu_count(const struct trial *t)
{
    return t->machine->cpu_count;
}
static inline uint64_t mpidr(const struct trial *t, uint32_t cpu)
{
    return t->machine->mpidrs[cpu];
}
/** Return a good entry point, and the n-th of several. */
static inline uint64_t entry(const struct trial *t)
{
    return t->machine->entry;
}
uint64_t entry_n(const struct trial *t, uint32_t n);
/** Returns an MPIDR that no CPU has, and that differs from that of CPU `cpu` only in that
 * affinity field. */
uint64_t absent_mpidr(const struct trial *t, uint32_t cpu, uint32_t level);
/** The same for an affinity instance of that level that contains no CPU. */
uint64_t absent_instance(const struct trial *t, uint32_t cpu, uint32_t level);
/** Returns whether two CPUs share a power domain of that level. */
bool same_domain(const struct trial *t, uint32_t level, uint32_t a, uint32_t b);
/** Return another CPU in (or outside) a CPU's power domain; skip if there is none. */
uint32_t sibling(struct trial *t, uint32_t level, uint32_t cpu);
uint32_t stranger(struct trial *t, uint32_t level, uint32_t cpu);
/** Returns whether an affinity instance of that level contains both CPUs. */
bool same_affinity(const struct trial *t, uint32_t level, uint32_t a, uint32_t b);
/** Returns the first low-power state of that kind, or NULL. */
const struct machine_state *state_find(const struct trial *t, uint32_t level, bool powerdown);
/** The same, but skips if there is none, and then returns a state that does not exist. */
const struct machine_state *state_need(struct trial *t, uint32_t level, bool powerdown);
/** Returns whether `value` is one of the machine's states. */
bool state_known(const struct trial *t, uint32_t value);

/* ---- Calls -------------------------------------------------------------------------------- */

/** Returns the ID that a guest would use: SMC64 if it exists and the guest is in AArch64 state. */
uint32_t id(const struct trial *t, uint32_t function);
/** Returns whether a function has an SMC64 form. */
bool has_64(uint32_t function);
/** Returns whether the server says that it has a function, by any ID. */
bool offers(const struct trial *t, uint32_t function);

/** The event that a call returns stays valid for EVENTS_KEPT further ones. */
const struct event *call(struct trial *t, uint32_t cpu, uint64_t function, uint64_t a, uint64_t b,
                         uint64_t c);
const struct event *call_big_endian(struct trial *t, uint32_t cpu, uint64_t function, uint64_t a,
                                    uint64_t b, uint64_t c);
/** A call by the boot CPU. */
const struct event *ask(struct trial *t, uint64_t function, uint64_t a, uint64_t b);
/** Makes a call by the ID that a guest would use. */
const struct event *does(struct trial *t, uint32_t cpu, uint32_t function, uint64_t a, uint64_t b);
/** Begins a call and does not wait for its result. */
const struct event *begin(struct trial *t, uint32_t cpu, uint64_t function, uint64_t a, uint64_t b,
                          uint64_t c);
const struct event *await(struct trial *t, uint32_t cpu);
/** A call for together(). */
struct team_call of(const struct trial *t, uint32_t cpu, uint64_t function, uint64_t a, uint64_t b,
                    uint64_t c);
void together(struct trial *t, struct team_call *calls, uint32_t count);
void interrupt(struct trial *t, uint32_t cpu);
void interrupt_soon(struct trial *t, uint32_t cpu);
/** Returns whether a CPU runs, and is in no call. */
bool runs(const struct trial *t, uint32_t cpu);
void note_running(struct trial *t, uint32_t cpu, bool running);
struct end ending(struct trial *t);
void restart(struct trial *t);
void pass_time(struct trial *t, uint64_t microseconds);
uint64_t now(struct trial *t);

/* ---- What is expected --------------------------------------------------------------------- */

/** Returns the 32-bit result of a call, sign-extended. */
int64_t code(const struct event *e);

/**
 * Expects that the call returned one of the codes of the set. Codes that the server's version does
 * not have stand for others: INVALID_ADDRESS for INVALID_PARAMETERS before 1.0; before 0.2 also
 * ALREADY_ON, ON_PENDING and NOT_PRESENT for it, and INTERNAL_FAILURE and DISABLED for DENIED.
 */
void returns(struct trial *t, const struct event *e, uint32_t codes, const char *what);
/** Expect that the call returned this number, in the low half of x0, or in all of it. */
void returns_number(struct trial *t, const struct event *e, uint32_t number, const char *what);
void returns_wide(struct trial *t, const struct event *e, uint64_t number, const char *what);
/** The same, with the number's name in the reason. */
enum number_kind { NUMBER_PLAIN, NUMBER_VERSION, NUMBER_AFFINITY, NUMBER_HW_STATE };
void returns_as(struct trial *t, const struct event *e, enum number_kind kind, uint32_t number,
                const char *what);
/** Expects that the call returned. */
void comes_back(struct trial *t, const struct event *e, const char *what);
/** Nothing was seen of the CPU. */
void vanishes(struct trial *t, const struct event *e, const char *what);
/** The CPU has started there. */
void enters(struct trial *t, const struct event *e, uint64_t address, uint64_t context,
            const char *what);
/** The same two, after waiting for the CPU. */
void stays(struct trial *t, uint32_t cpu, const char *what);
void comes(struct trial *t, uint32_t cpu, uint64_t address, uint64_t context, const char *what);
/** In general. */
void expect(struct trial *t, bool holds, const char *what);
void expect_equal(struct trial *t, uint64_t got, uint64_t expected, const char *what);
void expect_end(struct trial *t, enum end_kind kind, const char *what);

/**
 * Does the same `count` times, for what depends on timing. A failed round does not end the
 * scenario: the first reason is kept, all CPUs but the boot CPU are turned off, and the next round
 * begins, with keep_on() for the CPUs that it needs. The scenario fails if a round fails, and
 * reports how many did. It ends early if the CPUs cannot be brought back, and after
 * FAILURES_ENOUGH. Use it once in a scenario. t->rounds is the number of the round, from 1.
 */
void in_rounds(struct trial *t, uint32_t count, void (*round)(struct trial *t, void *context),
               void *context);

/** Ends the scenario, which cannot run here. */
void skip(struct trial *t, const char *reason);

/** Skips for a guest in AArch32 state. */
void need_aarch64(struct trial *t);

void characteristic(struct trial *t, const char *key, const char *value);
void characteristic_code(struct trial *t, const char *key, const struct event *e);
void characteristic_as(struct trial *t, const char *key, enum number_kind kind, uint64_t value);
void characteristic_number(struct trial *t, const char *key, uint64_t value);

#endif
