/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as what a machine prints to vpsci-check. Two of them are events: 0x01, the command
 * ends, and 0x02, the time is up. Whatever the machine does, the run ends in the end, and can be
 * reported.
 */
#include <stdlib.h>
#include <string.h>

#include "check_tool.h"
#include "lines.h"
#include "must.h"
#include "protocol.h"
#include "replay.h"

enum { EVENT_ENDED = 1, EVENT_SILENT = 2 };

struct machine {
    struct protocol protocol;
    enum protocol_step step;
    unsigned answers;
    unsigned restarts[POINT_MAX + 2]; /* by scenario */
    struct lines lines;
};

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

/* An answer is one line, and each scenario gets a few at most. */
static void check_answer(struct machine *machine)
{
    const char *answer = machine->protocol.answer;

    check(strncmp(answer, "go ", 3) == 0 && strchr(answer, '\n') == answer + strlen(answer) - 1);
    machine->answers++;
    check(machine->answers <= (POINT_MAX + 1) * PROTOCOL_BOOTS);
}

static bool take_line(void *context, const char *line, bool cut)
{
    struct machine *machine = context;
    bool ours;

    machine->step = protocol_line(&machine->protocol, line, cut, &ours);
    check(machine->step != PROTOCOL_RESTART);
    if (machine->step == PROTOCOL_ANSWER) {
        check_answer(machine);
        machine->step = PROTOCOL_GO_ON;
    }
    return machine->step == PROTOCOL_GO_ON;
}

static void happen(struct machine *machine, uint8_t event)
{
    machine->step = event == EVENT_ENDED ? protocol_ended(&machine->protocol, "with status 0")
                                         : protocol_silent(&machine->protocol, "60 s");
    check(machine->step != PROTOCOL_GO_ON && machine->step != PROTOCOL_ANSWER);
    if (machine->step == PROTOCOL_RESTART) {
        /* It has to be ready before the next one. */
        check(machine->protocol.phase == PROTOCOL_BOOTING);
        check(++machine->restarts[machine->protocol.scenario] <= PROTOCOL_BOOTS + 1);
        machine->lines.length = 0;
        machine->step = PROTOCOL_GO_ON;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct results results = {0};
    struct run *run = results_add(&results);
    struct machine *machine = must_alloc(1, sizeof(*machine));

    results_set(&run->name, "fuzz", strlen("fuzz"));
    protocol_start(&machine->protocol, run);
    machine->step = PROTOCOL_GO_ON;
    for (size_t i = 0; i < size && machine->step == PROTOCOL_GO_ON; i++) {
        if (bytes[i] == EVENT_ENDED || bytes[i] == EVENT_SILENT) {
            happen(machine, bytes[i]);
        } else {
            (void)lines_feed(&machine->lines, (const char *)bytes + i, 1, take_line, machine);
        }
    }
    run_finish(run);
    check(machine->step != PROTOCOL_FAILED || run->incomplete != NULL);
    check_results(&results);
    protocol_free(&machine->protocol);
    free(machine);
    results_free(&results);
    return 0;
}
