/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Depth first, and every state once: two schedules that lead to the same memory, the same logs of
 * the calls that are half way and the same explanations of what is over have the same future.
 *
 * A thread that is never scheduled again is part of it: from each state the others are also run
 * without it, to their ends. A call that would wait for another thread fills its log and is found.
 */
#include "search.h"

#include <stdio.h>

#include "footprint.h"
#include "monitor.h"
#include "stays.h"
#include "trace.h"
#include "visited.h"

enum { DEPTH_MAX = 2048, NO_BOUND = 1000, LEARNING_BOUND = 1 };

static struct {
    const struct program *program;
    struct monitor *monitor;
    struct visited visited;
    struct event events[DEPTH_MAX];
    uint32_t depth;
    uint32_t bound; /* how often a thread may be interrupted inside the library */
    bool learned;   /* something about footprints, on the way */
    const char *wrong;
} run;

static bool is_any_thread_inside(void)
{
    uint32_t i;

    for (i = 0; i < machine.thread_count; i++) {
        if (machine_is_inside(i)) {
            return true;
        }
    }
    return false;
}

static bool note_wrong(const char *wrong)
{
    run.wrong = wrong;
    return false;
}

/* No thread is inside: memory must hold what the calls so far add up to. */
static bool check_quiet(void)
{
    struct spec spec;
    const char *wrong = vm_check_quiet(machine.vm, &spec);

    if (!wrong && !stays_are_counted(run.events, run.depth)) {
        wrong = "statistics do not count the stays of a domain";
    }
    if (wrong) {
        return note_wrong(wrong);
    }
    return monitor_quiet(run.monitor, &spec) ||
           note_wrong("no order of the calls leads to this state");
}

/* The beginning and the end of a call, by what its step was. */
static bool check_event(uint32_t thread, const struct event *event)
{
    const char *wrong = vm_check_step(machine.vm);

    if (wrong) {
        return note_wrong(wrong);
    }
    if (event->begins && !monitor_begin(run.monitor, thread, event->action)) {
        return note_wrong("a call has no meaning");
    }
    if (event->ends && !monitor_end(run.monitor, thread, &event->result)) {
        return note_wrong("no order of the calls explains this result");
    }
    return !event->ends || is_any_thread_inside() || check_quiet();
}

/* Takes the step of a thread, and checks what it did. */
static bool advance_thread(uint32_t thread)
{
    struct event *event = &run.events[run.depth++];

    if (!machine_step(thread, event) || run.depth == DEPTH_MAX) {
        run.depth--; /* it did nothing */
        return note_wrong("a call does not come to an end");
    }
    run.learned |= footprint_learn(event);
    if (run.learned && run.bound == NO_BOUND) {
        return false;
    }
    return check_event(thread, event);
}

static bool explore_threads(uint32_t last, uint32_t interruptions, double *executions);

/* One thread goes on from here; afterwards all is as it was. */
static bool follow_thread(uint32_t thread, uint32_t interruptions, double *executions)
{
    uint32_t mark = monitor_mark(run.monitor);
    double more = 0;

    if (!advance_thread(thread) || !explore_threads(thread, interruptions, &more)) {
        return false;
    }
    machine_step_back(&run.events[--run.depth]);
    monitor_back(run.monitor, mark);
    *executions += more;
    return true;
}

static struct digest digest_of_state(uint32_t last, uint32_t interruptions)
{
    struct digest digest = machine_digest();
    struct digest ways = monitor_digest(run.monitor);

    digest = digest_add(digest, ways.a);
    digest.b += ways.b;
    return run.bound == NO_BOUND ? digest : digest_add(digest, last << 16 | interruptions);
}

static bool follow_all(uint32_t last, uint32_t interruptions, double *executions)
{
    uint32_t only = footprint_independent();
    bool interrupts = last < THREAD_MAX && machine_is_inside(last);
    bool is_end = true;
    uint32_t i;

    for (i = 0; i < machine.thread_count; i++) {
        uint32_t cost = interruptions + (interrupts && i != last);

        if (machine_is_over(i)) {
            continue;
        }
        is_end = false;
        if ((only == THREAD_MAX || i == only) && cost <= run.bound &&
            !follow_thread(i, cost, executions)) {
            return false;
        }
    }
    *executions += is_end;
    return true;
}

static bool explore_threads(uint32_t last, uint32_t interruptions, double *executions)
{
    bool bounded = run.bound != NO_BOUND;
    struct digest digest = digest_of_state(last, interruptions);
    bool is_new;
    struct entry *entry = visited_find(&run.visited, digest, &is_new);

    if (!is_new) {
        *executions += entry->executions;
        return true;
    }
    if (!follow_all(bounded ? last : THREAD_MAX, bounded ? interruptions : 0, executions)) {
        return false;
    }
    visited_find(&run.visited, digest, &is_new)->executions = *executions;
    return true;
}

/* The setup, in the library and in the specification, which have to agree on it. */
static bool set_up(const struct program *program)
{
    const struct circumstances alone = {.other_count = 0};
    struct result expected;
    struct result actual;
    struct spec spec;
    uint32_t i;

    run.depth = 0;
    if (!machine_start(program) || vm_check_quiet(machine.vm, &spec)) {
        return note_wrong("the VM cannot be made");
    }
    for (i = 0; i < program->setup_count; i++) {
        machine_run(&program->setup[i], &actual);
        if (!spec_do(&spec, &program->setup[i], 0, &alone, &expected) ||
            !spec_fits(&spec, &program->setup[i], &alone, &expected, &actual)) {
            return note_wrong("the setup goes wrong");
        }
    }
    run.monitor = monitor_make(program, &spec);
    stays_begin();
    return true;
}

static bool search_within(const struct program *program, uint32_t bound, struct tally *tally)
{
    bool good;

    run.wrong = NULL;
    run.learned = false;
    run.bound = bound;
    run.monitor = NULL;
    visited_make(&run.visited);
    *tally = (struct tally){.states = 0};
    good = set_up(program) && explore_threads(THREAD_MAX, 0, &tally->executions);
    tally->states = run.visited.count;
    visited_free(&run.visited);
    monitor_free(run.monitor);
    return good;
}

/* Few interruptions show which thread touches what. All that is learned later makes the search
 * begin anew. Of the schedules that go wrong, one with few interruptions is found first, and shown.
 */
bool search(const struct program *program, struct tally *tally)
{
    uint32_t bound = 0;
    bool good = true;

    footprint_forget();
    do {
        good = search_within(program, bound, tally);
    } while (good && (run.learned || bound++ < LEARNING_BOUND));
    while (good && !search_within(program, NO_BOUND, tally)) {
        good = !run.wrong;
    }
    for (bound = 0; !good && bound < NO_BOUND && search_within(program, bound, tally); bound++) {
    }
    if (!good) {
        (void)printf("%s: %s\n", program->scenario->name, run.wrong);
        trace_print(program, run.events, run.depth);
    }
    return good;
}
