/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: runs the traces of a SPIN model (models/README.md) against the library.
 *
 * A line of a trace is a call that a thread begins, one access to shared memory, or the end of a
 * call. The thread then begins that call of the library, or runs on until the library makes that
 * access, and it must find or leave there what the model says. Three kinds of accesses are not in
 * the models: loads that decide nothing there, the parts of a payload besides its address, and
 * what does not change (version, offers). The thread makes those on the way.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

/* Results that are no numbers of PSCI, as protocol.pml has them. */
enum { MODEL_FAILED = 250, MODEL_WAITS, MODEL_ENTERS, MODEL_RUNS };

struct line {
    unsigned number;
    unsigned thread;
    char op[10];
    char place[10];
    unsigned index;
    unsigned values[3];
};

static struct {
    struct program program;
    struct scenario scenario;
    struct event event; /* the last access */
    bool inside[THREAD_MAX];
    bool ended[THREAD_MAX];
    struct result results[THREAD_MAX];
    unsigned traces;
    unsigned long accesses;
    unsigned long others; /* that are not in the model */
} replay;

static bool fail_replay(const struct line *line, const char *what)
{
    char cell[40];

    vm_cell_name(machine.vm, replay.event.cell, cell, sizeof(cell));
    (void)printf("replay: line %u, trace %u: %s\n"
                 "  the model: %u %s %s %u: %u %u %u\n"
                 "  the library's last access: %u %u %s: %#" PRIx64 " -> %#" PRIx64 "\n",
                 line->number, replay.traces, what, line->thread, line->op, line->place,
                 line->index, line->values[0], line->values[1], line->values[2],
                 replay.event.thread, replay.event.op, cell, replay.event.before,
                 replay.event.after);
    return false;
}

/* ---- Cells ---------------------------------------------------------------------------------- */

/* The name that vm_cell_name() has for what a line is about. */
static void name_place(const struct line *line, char *text, size_t size)
{
    if (strcmp(line->place, "word") == 0 || strcmp(line->place, "entry") == 0) {
        (void)snprintf(text, size, "%s of vCPU %u", line->place, line->index);
    } else {
        (void)snprintf(text, size, "%s", line->place);
    }
}

static bool is_at(const struct line *line)
{
    char cell[40];
    char place[40];

    vm_cell_name(machine.vm, replay.event.cell, cell, sizeof(cell));
    name_place(line, place, sizeof(place));
    return strcmp(cell, place) == 0;
}

/* Is the cell one that the models have? */
static bool is_modelled(void)
{
    static const char *const names[] = {"word", "census", "system", "entry"};
    char cell[40];
    size_t i;

    vm_cell_name(machine.vm, replay.event.cell, cell, sizeof(cell));
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strncmp(cell, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* A value of a cell in the terms of a line. */
static bool is_value(const struct line *line, uint64_t value)
{
    uint32_t journal = vpsci__journal_of(value);
    uint32_t actor = vpsci__actor_of(value);

    switch (line->place[0]) {
    case 'w':
        return vpsci__state_of(value) == line->values[0] &&
               ((value & VPSCI__WAKE) != 0) == line->values[1] &&
               ((value & VPSCI__UNSETTLED) != 0) == line->values[2];
    case 'c':
        return vpsci__count_of(value) == line->values[0] &&
               (journal == VPSCI__NOBODY ? 255 : journal) == line->values[1];
    case 's':
        return (unsigned)vpsci__stage_of(value) == line->values[0] &&
               (actor == VPSCI__NOBODY ? 255 : actor) == line->values[1];
    default:
        return vm_token_at(value) == line->values[0];
    }
}

static const char *name_op(void)
{
    static const char *const names[] = {"load", "store", "swap", "add"};
    const struct event *event = &replay.event;

    return event->op == ACCESS_SWAP && event->before == event->after ? "fails" : names[event->op];
}

/* ---- Lines ---------------------------------------------------------------------------------- */

/* One more access of the library. */
static bool step_thread(const struct line *line)
{
    uint32_t thread = line->thread;

    if (!replay.inside[thread] || replay.ended[thread]) {
        return fail_replay(line, "the library's call is over, the model's is not");
    }
    if (!machine_step(thread, &replay.event)) {
        return fail_replay(line, "the library's call does not come to an end");
    }
    replay.accesses++;
    if (replay.event.ends) {
        replay.ended[thread] = true;
        replay.results[thread] = replay.event.result;
    }
    return true;
}

/* May the library make this access where the model has none? */
static bool is_aside(void)
{
    replay.others++;
    return !is_modelled() || replay.event.op == ACCESS_LOAD || strcmp(name_op(), "fails") == 0;
}

static bool replay_access(const struct line *line)
{
    while (step_thread(line)) {
        if (is_at(line) && strcmp(line->op, name_op()) == 0) {
            return is_value(line, replay.event.after) ||
                   fail_replay(line, "another value is there");
        }
        if (!is_aside()) {
            return fail_replay(line, "the library does something else");
        }
    }
    return false;
}

static bool replay_call(const struct line *line)
{
    struct script *script = &replay.program.threads[line->thread];
    struct action *action = &script->actions[0];
    char text[24];

    if (replay.inside[line->thread]) {
        return fail_replay(line, "a call begins inside another");
    }
    *action = (struct action){.vcpu = (uint8_t)line->thread, .token = (uint8_t)line->values[0]};
    (void)snprintf(text, sizeof(text), "%s %u", line->place, line->index);
    if (!action_read(text, strlen(text), action) &&
        !action_read(line->place, strlen(line->place), action)) {
        return fail_replay(line, "the explorer has no such call");
    }
    script->count = 1;
    machine.threads[line->thread] = (struct thread){.script = script};
    replay.inside[line->thread] = true;
    replay.ended[line->thread] = false;
    return true;
}

static bool fits_outcome(const struct action *action, const struct result *result,
                         const unsigned *values)
{
    int64_t sign = action->function == VPSCI_FN_AFFINITY_INFO ? 1 : -1;
    bool starts = action->function == VPSCI_FN_CPU_ON && values[0] == 0;

    switch (values[0]) {
    case MODEL_WAITS:
        return result->action == VPSCI_WAIT;
    case MODEL_ENTERS:
        return result->action == VPSCI_ENTER && result->entry == values[1];
    case MODEL_RUNS:
        return result->action == VPSCI_RUN;
    default:
        return result->action == VPSCI_RETURN && result->value == sign * (int64_t)values[0] &&
               result->start == (starts ? action->argument + 1 : 0);
    }
}

static bool fits_result(const struct action *action, const struct result *result,
                        const unsigned *values)
{
    switch (action->kind) {
    case DO_CALL:
    case DO_NEXT:
        return fits_outcome(action, result, values);
    case DO_WAKE:
        return result->value == values[0];
    case DO_SAVE:
        return values[0] == MODEL_FAILED ? result->value == VPSCI_E_BUSY : result->value >= 0;
    default:
        return result->value == (values[0] == MODEL_FAILED ? VPSCI_E_STATE : 0);
    }
}

static bool replay_end(const struct line *line)
{
    uint32_t thread = line->thread;

    while (!replay.ended[thread]) {
        if (!step_thread(line)) {
            return false;
        }
        if (!is_aside()) {
            return fail_replay(line, "the library does more than the model");
        }
    }
    replay.inside[thread] = false;
    return fits_result(&replay.program.threads[thread].actions[0], &replay.results[thread],
                       line->values) ||
           fail_replay(line, "another result");
}

static void run_quietly(uint8_t vcpu, const char *text)
{
    struct action action = {.vcpu = vcpu, .token = 99};
    struct result result;

    if (action_read(text, strlen(text), &action)) {
        machine_run(&action, &result);
    }
}

/* A new VM, in which the first vCPUs are on. */
static bool replay_vm(const struct line *line)
{
    uint32_t i;

    if (line->index > VCPU_MAX) {
        return fail_replay(line, "too many vCPUs");
    }
    memset(replay.inside, 0, sizeof(replay.inside));
    replay.traces++;
    replay.scenario = (struct scenario){.vcpu_count = line->index, .flags = line->values[0]};
    replay.program = (struct program){.scenario = &replay.scenario, .thread_count = THREAD_MAX};
    if (!machine_start(&replay.program)) {
        return false;
    }
    for (i = 1; i < line->values[1]; i++) {
        char text[] = "on 0";

        text[3] = (char)('0' + i);
        run_quietly(0, text);
        if (replay.scenario.flags & ASKS) {
            run_quietly(0, "accept 0");
            run_quietly(0, "next");
        }
        run_quietly((uint8_t)i, "next");
    }
    return true;
}

static bool replay_line(const char *text, struct line *line)
{
    unsigned *values = line->values;

    line->place[0] = '\0';
    line->thread = line->index = 0;
    if (sscanf(text, "@ vm %u: %u %u %u", &line->index, &values[0], &values[1], &values[2]) == 4) {
        return replay_vm(line);
    }
    if (sscanf(text, "@ %u %9[a-z] %9[a-z] %u: %u %u %u", &line->thread, line->op, line->place,
               &line->index, &values[0], &values[1], &values[2]) != 7 &&
        sscanf(text, "@ %u %9[a-z] %u: %u %u %u", &line->thread, line->op, &line->index, &values[0],
               &values[1], &values[2]) != 6) {
        (void)printf("replay: line %u is no step: %s", line->number, text);
        return false;
    }
    if (line->thread >= THREAD_MAX || replay.traces == 0) {
        return fail_replay(line, "no such thread");
    }
    if (strcmp(line->op, "calls") == 0) {
        return replay_call(line);
    }
    return strcmp(line->op, "returns") == 0 ? replay_end(line) : replay_access(line);
}

int main(void)
{
    struct line line = {.number = 0};
    char text[128];

    while (fgets(text, sizeof(text), stdin)) {
        line.number++;
        if (text[0] == '@' && !replay_line(text, &line)) {
            return EXIT_FAILURE;
        }
    }
    (void)printf("%u traces, %lu accesses, %lu of them not in the model: the library does as the "
                 "model says\n",
                 replay.traces, replay.accesses, replay.others);
    return replay.traces && replay.accesses ? EXIT_SUCCESS : EXIT_FAILURE;
}
