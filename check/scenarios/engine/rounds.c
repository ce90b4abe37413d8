/* SPDX-License-Identifier: BSD-2-Clause */
/* in_rounds() of script.h, trial_tidy(), and how CPUs come back from a round that failed. */
#include "moves.h"
#include "text.h"

/* The longest time for all rounds, if time passes by itself: a slow machine has fewer rounds. */
enum { ROUNDS_MICROSECONDS = 20 * 1000 * 1000 };

/* ---- Between rounds, and between trials: nothing here is judged ---------------------------- */

/* PSCI 0.1 has no call to ask. */
static bool said_to_be_off(struct trial *t, uint32_t cpu)
{
    const struct event *e;

    if (t->version < V0_2) {
        return true;
    }
    e = affinity(t, mpidr(t, cpu), 0);
    return e->kind == EVENT_RETURNED && code(e) == AFFINITY_OFF;
}

/* Has a CPU that starts, or sleeps, appear now. */
static void shake_cpu(struct trial *t, uint32_t cpu)
{
    if (!runs(t, cpu)) {
        await(t, cpu);
    }
    if (!runs(t, cpu)) {
        interrupt(t, cpu);
        await(t, cpu);
    }
}

/* Moves a Trusted OS to the boot CPU, because the CPU could not go off with it. */
static void move_trusted_os(struct trial *t, uint32_t cpu)
{
    if (offers(t, FN_MIGRATE)) {
        does(t, cpu, FN_MIGRATE, mpidr(t, boot(t)), 0);
    }
}

static bool bring_off(struct trial *t, uint32_t cpu)
{
    if (!runs(t, cpu) && t->version >= V0_2 && said_to_be_off(t, cpu)) {
        return true;
    }
    shake_cpu(t, cpu);
    if (runs(t, cpu)) {
        move_trusted_os(t, cpu);
        cpu_off(t, cpu);
    }
    return !runs(t, cpu) && said_to_be_off(t, cpu);
}

/* The boot CPU sleeps, or is off and another can start it. */
static bool boot_cpu_comes(struct trial *t)
{
    shake_cpu(t, boot(t));
    for (uint32_t cpu = 0; cpu < cpu_count(t) && !runs(t, boot(t)); cpu++) {
        if (runs(t, cpu)) {
            cpu_on(t, cpu, mpidr(t, boot(t)), entry(t), 0);
            await(t, boot(t));
        }
    }
    return runs(t, boot(t));
}

/* Returns whether only the boot CPU is on again. */
static bool bring_back(struct trial *t)
{
    if (!boot_cpu_comes(t)) {
        return false;
    }
    for (uint32_t cpu = 0; cpu < cpu_count(t); cpu++) {
        if (cpu != boot(t) && !bring_off(t, cpu)) {
            return false;
        }
    }
    return true;
}

static bool initial_modes(struct trial *t)
{
    const struct event *e;

    if (offers(t, FN_MEM_PROTECT)) {
        ask(t, FID32(FN_MEM_PROTECT), 0, 0);
    }
    if (!offers(t, FN_SET_SUSPEND_MODE)) {
        return true;
    }
    e = set_mode(t, boot(t), 0);
    return e->kind == EVENT_RETURNED && code(e) == RET_SUCCESS;
}

bool trial_tidy(struct trial *t)
{
    bool over = t->over;
    bool tidy;

    t->over = false;
    tidy = bring_back(t) && initial_modes(t);
    t->over = over;
    return tidy;
}

/* ---- Rounds --------------------------------------------------------------------------------- */

/* The failure of a round, kept for later. */
static void put_aside(struct trial *t, char *reason)
{
    struct text text;

    t->rounds_failed++;
    if (t->rounds_failed == 1) {
        text_start(&text, reason, REASON_SIZE);
        text_add(&text, t->reason);
    }
    t->over = false;
    t->verdict = VERDICT_PASSED;
}

static void conclude_rounds(struct trial *t, const char *reason, bool lost)
{
    struct text text;

    t->over = true;
    t->verdict = VERDICT_FAILED;
    text_start(&text, t->reason, REASON_SIZE);
    text_add(&text, "in ");
    text_add_number(&text, t->rounds_failed);
    text_add(&text, " of ");
    text_add_number(&text, t->rounds);
    text_add(&text, lost ? " rounds, the last of which lost a CPU: " : " rounds: ");
    text_add(&text, reason);
}

static bool is_another_worth_it(struct trial *t, uint32_t count, uint64_t begun)
{
    return !t->over && t->rounds < count && t->rounds_failed < FAILURES_ENOUGH &&
           now(t) - begun < ROUNDS_MICROSECONDS;
}

void in_rounds(struct trial *t, uint32_t count, void (*round)(struct trial *t, void *context),
               void *context)
{
    char reason[REASON_SIZE];
    uint32_t most = t->machine->most_rounds;
    uint64_t begun = now(t);
    bool lost = false;

    count = most != 0 && most < count ? most : count;
    while (!lost && is_another_worth_it(t, count, begun)) {
        t->rounds++;
        round(t, context);
        if (t->over && t->verdict == VERDICT_FAILED) {
            put_aside(t, reason);
            lost = !bring_back(t);
        }
    }
    if (t->rounds_failed > 0) {
        conclude_rounds(t, reason, lost);
    }
}
