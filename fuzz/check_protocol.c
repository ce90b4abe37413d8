/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any bytes, as the output of a machine to vpsci-check. Two bytes are events: 0x01, the
 * command ends, and 0x02, the time limit is over. Whatever the machine does, the run ends and can
 * be reported.
 */
#include <stdlib.h>
#include <string.h>

#include "check_tool.h"
#include "dialogue.h"
#include "lines.h"
#include "must.h"
#include "replay.h"

enum { EVENT_ENDED = 1, EVENT_SILENT = 2 };

struct machine {
    struct dialogue dialogue;
    enum dialogue_step step;
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
    const char *answer = machine->dialogue.answer;

    check(strncmp(answer, "go ", 3) == 0 && strchr(answer, '\n') == answer + strlen(answer) - 1);
    machine->answers++;
    check(machine->answers <= (POINT_MAX + 1) * DIALOGUE_BOOTS);
}

static bool take_line(void *context, const char *line, bool cut)
{
    struct machine *machine = context;
    bool ours;

    machine->step = dialogue_line(&machine->dialogue, line, cut, &ours);
    check(machine->step != DIALOGUE_RESTART);
    if (machine->step == DIALOGUE_ANSWER) {
        check_answer(machine);
        machine->step = DIALOGUE_GO_ON;
    }
    return machine->step == DIALOGUE_GO_ON;
}

static void happen(struct machine *machine, uint8_t event)
{
    machine->step = event == EVENT_ENDED ? dialogue_ended(&machine->dialogue, "with status 0")
                                         : dialogue_silent(&machine->dialogue, "60 s");
    check(machine->step != DIALOGUE_GO_ON && machine->step != DIALOGUE_ANSWER);
    if (machine->step == DIALOGUE_RESTART) {
        /* The machine must report that it is ready before the next one. */
        check(machine->dialogue.phase == DIALOGUE_BOOTING);
        check(++machine->restarts[machine->dialogue.scenario] <= DIALOGUE_BOOTS + 1);
        machine->lines.length = 0;
        machine->step = DIALOGUE_GO_ON;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct results results = {0};
    struct run *run = results_add(&results);
    struct machine *machine = must_alloc(1, sizeof(*machine));

    results_set(&run->name, "fuzz", strlen("fuzz"));
    dialogue_start(&machine->dialogue, run);
    machine->step = DIALOGUE_GO_ON;
    for (size_t i = 0; i < size && machine->step == DIALOGUE_GO_ON; i++) {
        if (bytes[i] == EVENT_ENDED || bytes[i] == EVENT_SILENT) {
            happen(machine, bytes[i]);
        } else {
            (void)lines_feed(&machine->lines, (const char *)bytes + i, 1, take_line, machine);
        }
    }
    run_finish(run);
    check(machine->step != DIALOGUE_FAILED || run->incomplete != NULL);
    check_results(&results);
    dialogue_free(&machine->dialogue);
    free(machine);
    results_free(&results);
    return 0;
}
