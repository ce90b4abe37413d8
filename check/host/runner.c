/* SPDX-License-Identifier: BSD-2-Clause */
#include "runner.h"

#include "../scenarios/engine/text.h"

enum { LINE_SIZE = 400 };

static bool runner_chooses(const struct runner *runner, const struct scenario *scenario)
{
    for (uint32_t i = 0; i < runner->name_count; i++) {
        if (scenario_matches(runner->names[i], scenario->name)) {
            return true;
        }
    }
    return runner->name_count == 0;
}

bool runner_knows(const char *name)
{
    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        if (scenario_matches(name, scenario_at(n)->name)) {
            return true;
        }
    }
    return false;
}

/* If no system can be made, the scenario fails; otherwise its absence would go unnoticed. */
static void run_one(struct runner *runner, const struct adapter *adapter,
                    const struct scenario *scenario, uint32_t number)
{
    struct host_view host;
    struct trial t = {.verdict = VERDICT_FAILED, .reason = "the adapter has no system to give"};

    if (host_view_open(&host, adapter, runner->parallel)) {
        trial_run(&t, scenario, &host.view);
        host_view_close(&host);
    }
    tap_family(&runner->tap, scenario);
    tap_report(&runner->tap, scenario, &t, number);
}

static void run_chosen(struct runner *runner, const struct adapter *adapter)
{
    uint32_t number = 0;

    runner->tap.family = NULL;
    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        if (runner_chooses(runner, scenario_at(n))) {
            number++;
            run_one(runner, adapter, scenario_at(n), number);
        }
    }
    tap_plan(&runner->tap, number);
}

void runner_run(struct runner *runner, const struct adapter *adapter)
{
    runner->tap.indent = "";
    tap_version(&runner->tap);
    run_chosen(runner, adapter);
    tap_total(&runner->tap);
}

void runner_run_all(struct runner *runner, const struct adapter *list, uint32_t count)
{
    struct tap *tap = &runner->tap;

    tap->indent = "";
    tap_version(tap);
    tap_plan(tap, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t failed = tap->failed;

        tap_say(tap, "# Subtest: ", list[i].name, "");
        tap->indent = "    ";
        run_chosen(runner, &list[i]);
        tap->indent = "";
        tap_point(tap, tap->failed == failed, i + 1, list[i].name, "", "");
    }
    tap_total(tap);
}

void runner_list(struct runner *runner)
{
    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        const struct scenario *scenario = scenario_at(n);
        char buffer[LINE_SIZE];
        struct text text;

        text_start(&text, buffer, sizeof(buffer));
        text_add(&text, scenario->name);
        text_add(&text, "\t");
        text_add(&text, scenario->clause);
        text_add(&text, "\t");
        text_add(&text, severity_text(scenario->severity));
        text_add(&text, ": ");
        text_add(&text, scenario->consequence);
        runner->tap.line(runner->tap.context, buffer);
    }
}
