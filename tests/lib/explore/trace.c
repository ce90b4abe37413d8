/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A vCPU's word: "PENDING detail 1 woken #3". */
static void write_word(uint64_t word, char *text, size_t size)
{
    static const char *const names[VPSCI__STATE_COUNT] = {
        "OFF",     "FROZEN",  "STARTING",  "PENDING",       "ON",        "RETURNING",
        "ASKING",  "STANDBY", "POWERDOWN", "SUSPEND_ASKED", "SUSPENDED", "HELD",
        "CLAIMED", "LEAVING", "CHECKING",  "ANSWERING",     "HONOURING", "REVOKING",
    };

    (void)snprintf(text, size, "%s code %u detail %u%s%s #%u", names[vpsci__state_of(word)],
                   vpsci__code_of(word), vpsci__detail_of(word), word & VPSCI__WAKE ? " woken" : "",
                   word & VPSCI__UNSETTLED ? " unsettled" : "", (unsigned)(word >> 32));
}

static void write_census(uint64_t census, char *text, size_t size)
{
    char journal[24] = "";

    if (vpsci__journal_of(census) != VPSCI__NOBODY) {
        (void)snprintf(journal, sizeof(journal), " journal %u", vpsci__journal_of(census));
    }
    (void)snprintf(text, size, "count %u%s #%u", vpsci__count_of(census), journal,
                   (unsigned)(census >> 32));
}

static void write_system(uint64_t system, char *text, size_t size)
{
    static const char *const stages[] = {"running", "stop asked", "stop answered", "stopped"};

    (void)snprintf(text, size, "%s of %#x%s%s", stages[vpsci__stage_of(system)],
                   vpsci__actor_of(system), system & VPSCI__OS_INITIATED ? " OSI" : "",
                   system & VPSCI__MODE_USED ? " used" : "");
}

static void write_value(const char *cell, uint64_t value, char *text, size_t size)
{
    if (strncmp(cell, "word", 4) == 0) {
        write_word(value, text, size);
    } else if (strcmp(cell, "system") == 0) {
        write_system(value, text, size);
    } else if (strcmp(cell, "census") == 0) {
        write_census(value, text, size);
    } else {
        (void)snprintf(text, size, "%#" PRIx64, value);
    }
}

static void print_access(const struct script *script, const struct event *event)
{
    static const char *const ops[] = {"load", "store", "swap", "add"};
    char cell[40];
    char before[120];
    char after[120];

    vm_cell_name(machine.vm, event->cell, cell, sizeof(cell));
    write_value(cell, event->before, before, sizeof(before));
    write_value(cell, event->after, after, sizeof(after));
    (void)printf("  %-5s   %-5s %-16s %s", script->name, ops[event->op], cell, before);
    if (event->before != event->after) {
        (void)printf(" -> %s", after);
    } else if (event->op == ACCESS_SWAP) {
        (void)printf(" (fails)");
    }
    (void)printf("\n");
}

static void print_result(const struct script *script, const struct result *result)
{
    (void)printf("  %-5s } %" PRId64 " action %u wait %u start %d entry %u", script->name,
                 result->value, result->action, result->wait, result->start - 1, result->entry);
    if (result->pending) {
        (void)printf(" request of function %u target %d payload %u", result->function,
                     result->target - 1, result->token);
    }
    (void)printf("\n");
}

/* What was chosen for each thread. */
static void print_program(const struct program *program)
{
    uint32_t i;
    uint32_t j;

    (void)printf("  setup   %s\n", program->scenario->setup);
    for (i = 0; i < program->thread_count; i++) {
        const struct script *script = &program->threads[i];

        (void)printf("  thread  %s:", script->name);
        for (j = 0; j < script->count; j++) {
            char text[24];

            action_write(&script->actions[j], text, sizeof(text));
            (void)printf("%s %s", j ? "," : "", text);
        }
        (void)printf("\n");
    }
}

void trace_print(const struct program *program, const struct event *events, uint32_t count)
{
    uint32_t i;

    print_program(program);
    for (i = 0; i < count; i++) {
        const struct event *event = &events[i];
        const struct script *script = &program->threads[event->thread];

        if (event->begins) {
            char text[24];

            action_write(&script->actions[event->action], text, sizeof(text));
            (void)printf("  %-5s { %s (payload %u)\n", script->name, text,
                         script->actions[event->action].token);
        }
        print_access(script, event);
        if (event->ends) {
            print_result(script, &event->result);
        }
    }
}
