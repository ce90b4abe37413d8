/* SPDX-License-Identifier: BSD-2-Clause */
#include "tap_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../protocol.h"
#include "base/report.h"
#include "lines.h"
#include "must.h"
#include "tap_line.h"

static const char indent[] = "    ";

struct reader {
    struct results *results;
    const char *path;
    unsigned long line;
    bool begun;                 /* the line with the version was there */
    struct run *run;            /* that lines belong to; NULL between subtests */
    struct collector collector; /* of that run */
    bool has_subtests;
    unsigned subtests_planned;
    unsigned subtests;
};

static bool reader_refuse(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool reader_refuse(const struct reader *reader, const char *format, ...)
{
    char why[256];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    report("%s:%lu: %s", reader->path, reader->line, why);
    return false;
}

static bool text_is_blank(const char *text)
{
    return text[strspn(text, " \t\r")] == '\0';
}

static bool begin_run(struct reader *reader, const char *name, size_t length)
{
    struct run *run = results_add(reader->results);

    if (run == NULL) {
        return reader_refuse(reader, "more than %d runs; make a report of fewer", RUN_MAX);
    }
    if (text_is_blank(name)) {
        name = "unnamed";
        length = strlen(name);
    }
    results_set(&run->name, name, length);
    reader->run = run;
    reader->collector = (struct collector){.run = run};
    return true;
}

static void end_run(struct reader *reader)
{
    if (reader->run != NULL) {
        run_finish(reader->run);
    }
    reader->run = NULL;
}

/* The name of the file, without folder and ".tap". */
static bool begin_document(struct reader *reader)
{
    const char *slash = strrchr(reader->path, '/');
    const char *name = slash != NULL ? slash + 1 : reader->path;
    size_t length = strlen(name);

    if (length > 4 && strcmp(name + length - 4, ".tap") == 0) {
        length -= 4;
    }
    reader->begun = true;
    return begin_run(reader, name, length);
}

static bool take_plan(struct reader *reader, unsigned count)
{
    struct run *run = reader->run;

    if (count < 1 || count > POINT_MAX) {
        return reader_refuse(reader, "a plan of %u; 1 to %d can be", count, POINT_MAX);
    }
    if (run->has_plan) {
        return reader_refuse(reader, "a second plan");
    }
    if (count < run->point_count) {
        return reader_refuse(reader, "a plan of %u behind point %u", count, run->point_count);
    }
    run->has_plan = true;
    run->planned = count;
    return true;
}

static bool take_point(struct reader *reader, const struct tap_point *point)
{
    struct run *run = reader->run;
    unsigned number = point->number != 0 ? point->number : run->point_count + 1;
    unsigned most = run->has_plan ? run->planned : (unsigned)POINT_MAX;

    if (number > most) {
        return reader_refuse(reader, "point %u, where there can be %u", number, most);
    }
    if (run_verdict(run, number) != VERDICT_NONE) {
        return reader_refuse(reader, "a second point %u", number);
    }
    collect_point(&reader->collector, number, point);
    return true;
}

/* The comments that vpsci-check wrote about the run. */
static void take_comment(struct run *run, const char *line)
{
    const struct {
        const char *prefix;
        char **text;
    } texts[] = {{"# run ", &run->name}, {"# date ", &run->date}, {"# command ", &run->command}};
    const char *rest;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        rest = tap_after(line, texts[i].prefix);
        if (rest != NULL && !text_is_blank(rest)) {
            results_set(texts[i].text, rest, strlen(rest));
            return;
        }
    }
    rest = tap_after(line, "# note ");
    if (rest != NULL && !text_is_blank(rest)) {
        run_note(run, rest);
    }
}

/* A line of a document of points. */
static bool take_line(struct reader *reader, const char *line)
{
    struct tap_point point;
    unsigned count;
    const char *why;

    if (tap_point_parse(line, &point)) {
        return take_point(reader, &point);
    }
    if (tap_plan_parse(line, &count)) {
        return take_plan(reader, count);
    }
    if ((why = tap_after(line, SAY_BAIL_OUT)) != NULL) {
        run_stop(reader->run, text_is_blank(why) ? "it was given up" : why);
        return true;
    }
    if (!collect_detail(&reader->collector, line) && !collect_facts(&reader->collector, line)) {
        take_comment(reader->run, line);
    }
    return true;
}

static bool begin_subtest(struct reader *reader, const char *name)
{
    if (reader->has_subtests) {
        end_run(reader);
    } else if (reader->run->point_count > 0) {
        return reader_refuse(reader, "a subtest beside points");
    } else {
        /* The document itself is no run. */
        reader->subtests_planned = reader->run->planned;
        run_free(reader->run);
        reader->results->count--;
        reader->has_subtests = true;
    }
    reader->subtests++;
    return begin_run(reader, name, strlen(name));
}

/* The point that a subtest ends with. */
static bool end_subtest(struct reader *reader, const struct tap_point *point)
{
    struct run *run = reader->run;

    if (run == NULL) {
        return reader_refuse(reader, "a point beside subtests");
    }
    end_run(reader);
    if (point->verdict == VERDICT_FAILED && run_count(run).of[VERDICT_FAILED] == 0) {
        run_stop(run, "it failed as a whole, and no scenario of it did");
    }
    return true;
}

/* A line of a document of subtests, outside any subtest. */
static bool take_outer(struct reader *reader, const char *line)
{
    struct tap_point point;
    const char *why = tap_after(line, SAY_BAIL_OUT);

    if (tap_point_parse(line, &point)) {
        return end_subtest(reader, &point);
    }
    if (tap_plan_parse(line, &reader->subtests_planned) || why == NULL) {
        return true;
    }
    run_stop(&reader->results->runs[reader->results->count - 1],
             text_is_blank(why) ? "it was given up" : why);
    return true;
}

static bool take_first(struct reader *reader, const char *line)
{
    if (strcmp(line, SAY_TAP) == 0 || strcmp(line, "TAP version 13") == 0) {
        return begin_document(reader);
    }
    if (*line == '\0' || *line == '#') {
        return true;
    }
    return reader_refuse(reader, "this is no TAP document: it does not begin with '" SAY_TAP "'");
}

static bool reader_take(void *context, const char *line, bool cut)
{
    struct reader *reader = context;
    const char *rest;

    reader->line++;
    if (cut) {
        return reader_refuse(reader, "a line of more than %d bytes", LINE_SIZE);
    }
    if (!reader->begun) {
        return take_first(reader, line);
    }
    if (tap_after(line, "TAP version ") != NULL) {
        return reader_refuse(reader, "a second document begins; give each a file of its own");
    }
    if ((rest = tap_after(line, "# Subtest: ")) != NULL) {
        return begin_subtest(reader, rest);
    }
    if (!reader->has_subtests) {
        return take_line(reader, line);
    }
    rest = tap_after(line, indent);
    if (rest == NULL) {
        return take_outer(reader, line);
    }
    return reader->run == NULL || take_line(reader, rest);
}

static bool end_document(struct reader *reader)
{
    if (!reader->begun) {
        report("%s: this is no TAP document: '" SAY_TAP "' is not in it", reader->path);
        return false;
    }
    end_run(reader);
    if (reader->has_subtests && reader->subtests < reader->subtests_planned) {
        char *why = must_format("the document ends after %u of %u runs", reader->subtests,
                                reader->subtests_planned);

        run_stop(&reader->results->runs[reader->results->count - 1], why);
        free(why);
    }
    return true;
}

bool tap_read(struct results *results, FILE *file, const char *path)
{
    struct reader reader = {.results = results, .path = path};
    struct lines *lines = must_alloc(1, sizeof(*lines));
    char bytes[8192];
    size_t count;
    bool good = true;

    while (good && (count = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        good = lines_feed(lines, bytes, count, reader_take, &reader);
    }
    good = good && lines_finish(lines, reader_take, &reader);
    free(lines);
    if (good && ferror(file)) {
        report("%s: cannot read it: %s", path, strerror(errno));
        return false;
    }
    return good && end_document(&reader);
}
