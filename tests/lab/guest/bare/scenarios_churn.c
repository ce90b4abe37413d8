/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All cores start each other at random and turn off again, as fast as they can. A caller that gets
 * SUCCESS notes it, and a core that starts notes whose call started it. At the end the notes must
 * agree. With the MMU off there are no atomics: every word has one writer, and other cores read it
 * only after that writer is off.
 */
#include <stddef.h>

#include "args.h"
#include "guest_scenario.h"
#include "layout.h"
#include "platform.h"
#include "report.h"
#include "smp.h"
#include "timer.h"

enum { TRIES_MAX = 4, RESULTS = 4 };

/* The notes of a core. */
struct record {
    uint64_t calls;              /* of CPU_ON, which number them: a context ID is used once */
    uint64_t successes[CPU_MAX]; /* by target */
    uint64_t starts;             /* of this core */
    uint64_t last_call[CPU_MAX]; /* by caller: the call that started this core last */
    uint64_t results[RESULTS];   /* SUCCESS, ALREADY_ON, ON_PENDING, others */
    uint64_t strange;            /* starts by a call that had already started it, or by no call */
    uint64_t random;
};

static struct record records[CPU_MAX];
static volatile uint64_t stopping; /* core 0's word */

static uint32_t draw(struct record *record, uint32_t below)
{
    record->random = record->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return below > 0 ? (uint32_t)(record->random >> 33) % below : 0;
}

static uint32_t index_of(const struct cpu *cpu)
{
    return (uint32_t)(cpu - cpus);
}

static unsigned kind_of(int64_t result)
{
    switch (result) {
    case RET_SUCCESS:
        return 0;
    case RET_ALREADY_ON:
        return 1;
    case RET_ON_PENDING:
        return 2;
    default:
        return 3;
    }
}

/* One CPU_ON of a core that is neither this one nor the first. */
static void start_somebody(struct record *record, uint32_t self)
{
    uint32_t target = 1 + draw(record, cpu_count - 1);

    if (target == self) {
        return;
    }
    uint64_t context = (uint64_t)self << 32 | ++record->calls;
    int64_t result =
        psci_call3(FID64(FN_CPU_ON), cpus[target].mpidr, (uint64_t)(uintptr_t)entry_point, context);

    record->results[kind_of(result)]++;
    record->successes[target] += result == RET_SUCCESS;
}

/* What a core does: it notes its caller, makes a few calls, and turns off. */
static void churn(struct cpu *cpu)
{
    uint32_t self = index_of(cpu);
    struct record *record = &records[self];
    uint64_t caller = cpu->entry.x[0] >> 32;
    uint64_t number = cpu->entry.x[0] & UINT32_MAX;

    record->starts++;
    if (caller >= cpu_count || caller == self || number <= record->last_call[caller]) {
        record->strange++;
    } else {
        record->last_call[caller] = number;
    }
    for (uint32_t tries = draw(record, TRIES_MAX); tries > 0 && !stopping; tries--) {
        start_somebody(record, self);
    }
}

static uint64_t starts_so_far(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 1; i < cpu_count; i++) {
        sum += *(volatile uint64_t *)&records[i].starts;
    }
    return sum;
}

/* Returns what is wrong with a core's notes after all are off; NULL if nothing is. */
static const char *account_problem(uint32_t target)
{
    uint64_t told = 0;

    for (uint32_t caller = 0; caller < cpu_count; caller++) {
        told += records[caller].successes[target];
    }
    if (told > records[target].starts) {
        return "a start was promised and did not come";
    }
    if (told < records[target].starts) {
        return "a core started without a SUCCESS";
    }
    return records[target].strange != 0 ? "a core got a context ID that was not its call's" : NULL;
}

static void remark_results(void)
{
    uint64_t sums[RESULTS] = {0};

    for (uint32_t i = 0; i < cpu_count; i++) {
        for (unsigned kind = 0; kind < RESULTS; kind++) {
            sums[kind] += records[i].results[kind];
        }
    }
    remark("starts %lu, ALREADY_ON %lu, ON_PENDING %lu", sums[0], sums[1], sums[2]);
    check_equal(sums[3], 0, "CPU_ON says SUCCESS, ALREADY_ON or ON_PENDING, and nothing else");
}

/*
 * Waits twice: a core that was off at the first look may be started once more, by a core whose call
 * was in progress when all were told to stop. After that second core is off too, there are no more
 * calls.
 */
static const char *wait_for_the_end(void)
{
    for (unsigned seen = 0; seen < 2; seen++) {
        if (!smp_wait_all_off()) {
            return "a core is not off";
        }
    }
    return NULL;
}

SCENARIO(cpu_churn, "cpu-churn", "pairs=1000 seed=1",
         "cores start each other at random and go off: no start is lost, none comes twice")
{
    uint64_t pairs = args_number("pairs", 1000);
    uint64_t seed = args_number("seed", 1);
    uint64_t last = 0;
    uint64_t progress = timer_now(TIMER_VIRTUAL);
    const char *problem;

    if (!check_at_least(cpu_count, 3, "cores", "there are cores to start each other")) {
        return;
    }
    for (uint32_t i = 0; i < cpu_count; i++) {
        cpus[i].function = churn;
        records[i].random = seed * 1000003 + i;
    }
    /* Core 0 keeps the others running, and gives up if nothing changes any more. */
    while (starts_so_far() < pairs) {
        start_somebody(&records[0], 0);
        if (starts_so_far() != last) {
            last = starts_so_far();
            progress = timer_now(TIMER_VIRTUAL);
        } else if (timer_now(TIMER_VIRTUAL) - progress > timer_milliseconds(20000)) {
            break;
        }
    }
    check_at_least(starts_so_far(), pairs, "starts", "the cores kept starting each other");
    stopping = 1;
    problem = wait_for_the_end();
    for (uint32_t i = 1; i < cpu_count && problem == NULL; i++) {
        problem = account_problem(i);
    }
    check_none(problem,
               "every SUCCESS was one start, with its context ID, and every start had one");
    remark_results();
}
