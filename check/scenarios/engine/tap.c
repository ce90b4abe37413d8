/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap.h"

#include "../../protocol.h"
#include "text.h"

enum { LINE_SIZE = 400 };

/* A line is built piece by piece, behind the indent of the document's level. */
struct line {
    char buffer[LINE_SIZE];
    struct text text;
};

static void line_start(const struct tap *tap, struct line *line, const char *words)
{
    text_start(&line->text, line->buffer, sizeof(line->buffer));
    text_add(&line->text, tap->indent);
    text_add(&line->text, words);
}

static void line_end(const struct tap *tap, struct line *line)
{
    tap->line(tap->context, line->buffer);
}

void tap_say(const struct tap *tap, const char *a, const char *b, const char *c)
{
    struct line line;

    line_start(tap, &line, a);
    text_add(&line.text, b);
    text_add(&line.text, c);
    line_end(tap, &line);
}

void tap_version(const struct tap *tap)
{
    tap_say(tap, SAY_TAP, "", "");
}

void tap_plan(const struct tap *tap, uint32_t count)
{
    struct line line;

    line_start(tap, &line, "1..");
    text_add_number(&line.text, count);
    line_end(tap, &line);
}

void tap_point(const struct tap *tap, bool ok, uint32_t number, const char *name,
               const char *directive, const char *reason)
{
    struct line line;

    line_start(tap, &line, ok ? "ok " : "not ok ");
    text_add_number(&line.text, number);
    text_add(&line.text, " - ");
    text_add(&line.text, name);
    text_add(&line.text, directive);
    text_add(&line.text, reason);
    line_end(tap, &line);
}

/* A YAML block. The texts in it are our own and contain no quotes. */
static void say_failure(const struct tap *tap, const struct scenario *scenario,
                        const struct trial *t)
{
    tap_say(tap, "  ---", "", "");
    tap_say(tap, "  message: \"", t->reason, "\"");
    tap_say(tap, "  clause: \"", scenario->clause, "\"");
    tap_say(tap, "  severity: \"", severity_text(scenario->severity), "\"");
    tap_say(tap, "  consequence: \"", scenario->consequence, "\"");
    tap_say(tap, "  ...", "", "");
}

static void say_characteristics(const struct tap *tap, const struct trial *t)
{
    for (uint32_t i = 0; i < t->characteristic_count; i++) {
        struct line line;

        line_start(tap, &line, SAY_CHARACTERISTIC);
        text_add(&line.text, t->characteristics[i].key);
        text_add(&line.text, ": ");
        text_add(&line.text, t->characteristics[i].value);
        line_end(tap, &line);
    }
}

/* Of what was done in rounds. */
static void say_rounds(const struct tap *tap, const struct trial *t)
{
    struct line line;

    if (t->rounds != 0) {
        line_start(tap, &line, SAY_OFTEN);
        text_add_number(&line.text, t->rounds_failed);
        text_add(&line.text, " of ");
        text_add_number(&line.text, t->rounds);
        line_end(tap, &line);
    }
}

void tap_family(struct tap *tap, const struct scenario *scenario)
{
    const char *family = scenario_family(scenario);

    if (family != tap->family) {
        tap_say(tap, SAY_FAMILY, family, "");
        tap->family = family;
    }
}

void tap_report(struct tap *tap, const struct scenario *scenario, const struct trial *t,
                uint32_t number)
{
    switch (t->verdict) {
    case VERDICT_PASSED:
        tap->passed++;
        tap_point(tap, true, number, scenario->name, "", "");
        break;
    case VERDICT_FAILED:
        tap->failed++;
        tap_point(tap, false, number, scenario->name, "", "");
        say_failure(tap, scenario, t);
        break;
    case VERDICT_SKIPPED:
        tap->skipped++;
        tap_point(tap, true, number, scenario->name, " # SKIP ", t->reason);
        break;
    }
    say_rounds(tap, t);
    say_characteristics(tap, t);
}

void tap_total(const struct tap *tap)
{
    struct line line;

    line_start(tap, &line, SAY_PASSED);
    text_add_number(&line.text, tap->passed);
    text_add(&line.text, ", failed ");
    text_add_number(&line.text, tap->failed);
    text_add(&line.text, ", skipped ");
    text_add_number(&line.text, tap->skipped);
    line_end(tap, &line);
}
