/* SPDX-License-Identifier: BSD-2-Clause */
#include "runner.h"

#include "../scenarios/text.h"

enum { LINE_SIZE = 400 };

static bool name_matches(const char *pattern, const char *name)
{
    while (*pattern != '\0' && *pattern == *name) {
        pattern++;
        name++;
    }
    return (pattern[0] == '*' && pattern[1] == '\0') || *pattern == *name;
}

static bool chosen(const struct runner *runner, const struct scenario *scenario)
{
    for (uint32_t i = 0; i < runner->name_count; i++) {
        if (name_matches(runner->names[i], scenario->name)) {
            return true;
        }
    }
    return runner->name_count == 0;
}

bool runner_knows(const char *name)
{
    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        if (name_matches(name, scenario_at(n)->name)) {
            return true;
        }
    }
    return false;
}

/* A line of up to three pieces, behind the indent that the document's level has. */
static void say(const struct runner *runner, const char *a, const char *b, const char *c)
{
    char buffer[LINE_SIZE];
    struct text text;

    text_start(&text, buffer, sizeof(buffer));
    text_add(&text, runner->indent);
    text_add(&text, a);
    text_add(&text, b);
    text_add(&text, c);
    runner->line(runner->context, buffer);
}

/* "not ok 7 - name" with what is to follow it. */
static void say_point(const struct runner *runner, bool ok, uint32_t number, const char *name,
                      const char *directive, const char *reason)
{
    char buffer[LINE_SIZE];
    struct text text;

    text_start(&text, buffer, sizeof(buffer));
    text_add(&text, runner->indent);
    text_add(&text, ok ? "ok " : "not ok ");
    text_add_number(&text, number);
    text_add(&text, " - ");
    text_add(&text, name);
    text_add(&text, directive);
    text_add(&text, reason);
    runner->line(runner->context, buffer);
}

static void say_plan(const struct runner *runner, uint32_t count)
{
    char buffer[LINE_SIZE];
    struct text text;

    text_start(&text, buffer, sizeof(buffer));
    text_add(&text, runner->indent);
    text_add(&text, "1..");
    text_add_number(&text, count);
    runner->line(runner->context, buffer);
}

/* A YAML block; what it quotes is ours and has no quotes in it. */
static void say_failure(const struct runner *runner, const struct scenario *scenario,
                        const struct trial *t)
{
    say(runner, "  ---", "", "");
    say(runner, "  message: \"", t->reason, "\"");
    say(runner, "  clause: \"", scenario->clause, "\"");
    say(runner, "  severity: \"", severity_text(scenario->severity), "\"");
    say(runner, "  consequence: \"", scenario->consequence, "\"");
    say(runner, "  ...", "", "");
}

static void say_characteristics(const struct runner *runner, const struct trial *t)
{
    for (uint32_t i = 0; i < t->characteristic_count; i++) {
        char buffer[LINE_SIZE];
        struct text text;

        text_start(&text, buffer, sizeof(buffer));
        text_add(&text, t->characteristics[i].key);
        text_add(&text, ": ");
        text_add(&text, t->characteristics[i].value);
        say(runner, "# characteristic: ", buffer, "");
    }
}

static void report(struct runner *runner, const struct scenario *scenario, const struct trial *t,
                   uint32_t number)
{
    switch (t->verdict) {
    case VERDICT_PASSED:
        runner->passed++;
        say_point(runner, true, number, scenario->name, "", "");
        break;
    case VERDICT_FAILED:
        runner->failed++;
        say_point(runner, false, number, scenario->name, "", "");
        say_failure(runner, scenario, t);
        break;
    case VERDICT_SKIPPED:
        runner->skipped++;
        say_point(runner, true, number, scenario->name, " # SKIP ", t->reason);
        break;
    }
    say_characteristics(runner, t);
}

/* A system that cannot be made fails the scenario: nobody would miss it otherwise. */
static void run_one(struct runner *runner, const struct adapter *adapter,
                    const struct scenario *scenario, uint32_t number)
{
    struct host_view host;
    struct trial t = {.verdict = VERDICT_FAILED, .reason = "the adapter has no system to give"};

    if (host_view_open(&host, adapter, runner->parallel)) {
        trial_run(&t, scenario, &host.view);
        host_view_close(&host);
    }
    report(runner, scenario, &t, number);
}

static void run_chosen(struct runner *runner, const struct adapter *adapter)
{
    uint32_t number = 0;

    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        if (chosen(runner, scenario_at(n))) {
            number++;
            run_one(runner, adapter, scenario_at(n), number);
        }
    }
    say_plan(runner, number);
}

static void say_total(const struct runner *runner)
{
    char buffer[LINE_SIZE];
    struct text text;

    text_start(&text, buffer, sizeof(buffer));
    text_add(&text, "# passed ");
    text_add_number(&text, runner->passed);
    text_add(&text, ", failed ");
    text_add_number(&text, runner->failed);
    text_add(&text, ", skipped ");
    text_add_number(&text, runner->skipped);
    runner->line(runner->context, buffer);
}

void runner_run(struct runner *runner, const struct adapter *adapter)
{
    runner->indent = "";
    say(runner, "TAP version 14", "", "");
    run_chosen(runner, adapter);
    say_total(runner);
}

void runner_run_all(struct runner *runner, const struct adapter *list, uint32_t count)
{
    runner->indent = "";
    say(runner, "TAP version 14", "", "");
    say_plan(runner, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t failed = runner->failed;

        say(runner, "# Subtest: ", list[i].name, "");
        runner->indent = "    ";
        run_chosen(runner, &list[i]);
        runner->indent = "";
        say_point(runner, runner->failed == failed, i + 1, list[i].name, "", "");
    }
    say_total(runner);
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
        runner->line(runner->context, buffer);
    }
}
