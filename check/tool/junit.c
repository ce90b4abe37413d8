/* SPDX-License-Identifier: BSD-2-Clause */
#include "junit.h"

#include "family.h"
#include "words.h"

static void write_attribute(FILE *file, const char *name, const char *value)
{
    if (value != NULL) {
        (void)fprintf(file, " %s=\"", name);
        words_markup(file, value);
        (void)fputc('"', file);
    }
}

static void write_property(FILE *file, const char *kind, const char *key, const char *value)
{
    if (value == NULL) {
        return;
    }
    (void)fprintf(file, "      <property name=\"%s", kind);
    words_markup(file, key);
    (void)fputc('"', file);
    write_attribute(file, "value", value);
    (void)fputs("/>\n", file);
}

static void write_fact_properties(FILE *file, const char *kind, const struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        write_property(file, kind, facts->list[i].key, facts->list[i].value);
    }
}

static void write_properties(FILE *file, const struct run *run)
{
    (void)fputs("    <properties>\n", file);
    write_property(file, "", "date", run->date);
    write_property(file, "", "command", run->command);
    write_fact_properties(file, "machine.", &run->machine);
    write_fact_properties(file, "server.", &run->server);
    write_fact_properties(file, "note", &run->notes);
    for (unsigned i = 0; i < run->point_count; i++) {
        write_fact_properties(file, "characteristic.", &run->points[i].characteristics);
    }
    (void)fputs("    </properties>\n", file);
}

static void write_line(FILE *file, const char *key, const char *value)
{
    if (value != NULL) {
        (void)fprintf(file, "%s: ", key);
        words_markup(file, value);
        (void)fputc('\n', file);
    }
}

static void write_failure(FILE *file, const struct point *point)
{
    (void)fputs("\n      <failure", file);
    write_attribute(file, "message", point->message != NULL ? point->message : "failed");
    write_attribute(file, "type", point->severity);
    (void)fputc('>', file);
    write_line(file, "message", point->message);
    write_line(file, "clause", point->clause);
    write_line(file, "severity", point->severity);
    write_line(file, "consequence", point->consequence);
    write_line(file, "failed rounds", point->often);
    (void)fputs("</failure>\n    ", file);
}

static void write_case(FILE *file, const struct point *point)
{
    struct family family = family_of(point);

    (void)fputs("    <testcase classname=\"psci.", file);
    for (size_t i = 0; i < family.length; i++) {
        char letter[2] = {family.name[i], '\0'};

        words_markup(file, letter);
    }
    (void)fputc('"', file);
    write_attribute(file, "name", point->name);
    (void)fputc('>', file);
    if (point->verdict == VERDICT_FAILED) {
        write_failure(file, point);
    } else if (point->verdict == VERDICT_SKIPPED) {
        (void)fputs("<skipped", file);
        write_attribute(file, "message", point->reason);
        (void)fputs("/>", file);
    }
    (void)fputs("</testcase>\n", file);
}

/* An incomplete run is a test case with an error. */
static void write_incomplete(FILE *file, const struct run *run)
{
    (void)fputs("    <testcase classname=\"vpsci-check\" name=\"run\"><error", file);
    write_attribute(file, "message", run->incomplete);
    (void)fputs("/></testcase>\n", file);
}

static void write_counts(FILE *file, const struct counts *counts, unsigned errors)
{
    (void)fprintf(file, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
                  counts->all - counts->of[VERDICT_NONE] + errors, counts->of[VERDICT_FAILED],
                  errors, counts->of[VERDICT_SKIPPED]);
}

static void write_suite(FILE *file, const struct run *run)
{
    struct counts counts = run_count(run);

    (void)fputs("  <testsuite", file);
    write_attribute(file, "name", run->name);
    write_counts(file, &counts, run->incomplete != NULL);
    (void)fputs(">\n", file);
    write_properties(file, run);
    for (unsigned i = 0; i < run->point_count; i++) {
        if (run->points[i].verdict != VERDICT_NONE) {
            write_case(file, &run->points[i]);
        }
    }
    if (run->incomplete != NULL) {
        write_incomplete(file, run);
    }
    (void)fputs("  </testsuite>\n", file);
}

void junit_write(FILE *file, const struct results *results)
{
    struct counts counts = results_count(results);
    unsigned errors = 0;

    for (size_t i = 0; i < results->count; i++) {
        errors += results->runs[i].incomplete != NULL;
    }
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vpsci-check\"",
                file);
    write_counts(file, &counts, errors);
    (void)fputs(">\n", file);
    for (size_t i = 0; i < results->count; i++) {
        write_suite(file, &results->runs[i]);
    }
    (void)fputs("</testsuites>\n", file);
}
