/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/timeline.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/file.h"
#include "base/report.h"

#define PLAIN   ""
#define BOLD    "\033[1m"
#define RED     "\033[31m"
#define GREEN   "\033[32m"
#define YELLOW  "\033[33m"
#define BLUE    "\033[34m"
#define MAGENTA "\033[35m"
#define RESET   "\033[0m"

/* How an event reads. "{key}" stands for the event's member of that name. */
static const struct phrase {
    const char *event;
    const char *colour;
    const char *words;
} phrases[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words) {event, colour, words},
#define TOLD(event, fields, qmp, qmp_fields, colour, words)       {event, colour, words},
#include "power/news.def"
};

/* The longest line that dormouse writes has 1 KiB. */
enum { LINE_MAX_SIZE = 64 * 1024 };

struct timeline {
    FILE *file;
    const char *path;
    enum drawing_form form;
    struct drawing *drawing;      /* NULL: the events are shown in words */
    unsigned long long not_drawn; /* events for which there was no room */
    bool coloured;
    bool started;
    json_int_t start;     /* time of the run's first event */
    unsigned long number; /* of the line */
    unsigned long bad;    /* lines that are no events */
    char line[LINE_MAX_SIZE];
};

static const struct phrase *find_phrase(const char *event)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (strcmp(phrases[i].event, event) == 0) {
            return &phrases[i];
        }
    }
    return NULL;
}

static void print_value(const json_t *value)
{
    if (json_is_string(value)) {
        clean_print(stdout, json_string_value(value), json_string_length(value));
    } else if (json_is_integer(value)) {
        printf("%lld", (long long)json_integer_value(value));
    } else {
        putchar('?');
    }
}

static void print_words(const char *words, const json_t *event)
{
    char key[32];

    while (*words != '\0') {
        size_t plain = strcspn(words, "{");

        printf("%.*s", (int)plain, words);
        words += plain;
        if (*words == '{') {
            size_t length = strcspn(words, "}");
            snprintf(key, sizeof(key), "%.*s", (int)length - 1, words + 1);
            print_value(json_object_get(event, key));
            words += length + 1;
        }
    }
}

/* A log may have several runs, one after the other; each begins with its first boot. */
static bool begins_run(const char *name, const json_t *event)
{
    return strcmp(name, "boot") == 0 && json_integer_value(json_object_get(event, "boot")) == 1;
}

static void start_run(struct timeline *timeline, json_int_t time)
{
    if (timeline->started) {
        putchar('\n');
    }
    timeline->started = true;
    timeline->start = time;
}

static void print_event(const struct timeline *timeline, const char *name, const json_t *event)
{
    const struct phrase *phrase = find_phrase(name);

    if (phrase == NULL) { /* An event of a later dormouse: its name is better than nothing. */
        printf("unknown event ");
        clean_print(stdout, name, strlen(name));
        return;
    }
    if (timeline->coloured) {
        printf("%s", phrase->colour);
    }
    print_words(phrase->words, event);
    if (timeline->coloured) {
        printf(RESET);
    }
}

static bool set_svg(const struct option_row *row, void *settings, const char *value)
{
    (void)row;
    (void)value;
    ((struct timeline_settings *)settings)->form = DRAWING_SVG;
    return true;
}

static bool set_html(const struct option_row *row, void *settings, const char *value)
{
    (void)row;
    (void)value;
    ((struct timeline_settings *)settings)->form = DRAWING_HTML;
    return true;
}

const struct option_row timeline_options[TIMELINE_OPTION_COUNT] = {
    {OPTION("--svg", NULL, "draw the states of the VM and of its vCPUs, as a picture in SVG",
            set_svg)},
    {OPTION("--html", NULL, "the same, as a page of HTML", set_html)},
};

static void draw_event(struct timeline *timeline, const char *name, const json_t *event,
                       json_int_t time)
{
    if (!drawing_take(timeline->drawing, name, event, time)) {
        timeline->not_drawn++;
    }
}

static bool show_event(struct timeline *timeline, const json_t *event)
{
    const json_t *time = json_object_get(event, "time");
    const char *name = json_string_value(json_object_get(event, "event"));

    if (!json_is_integer(time) || name == NULL) {
        return false;
    }
    if (timeline->drawing != NULL) {
        draw_event(timeline, name, event, json_integer_value(time));
        return true;
    }
    if (!timeline->started || begins_run(name, event)) {
        start_run(timeline, json_integer_value(time));
    }
    /* In floating point: the difference of any two integers of a file must not overflow. */
    double seconds = ((double)json_integer_value(time) - (double)timeline->start) / 1e9;

    printf("%9.3f s  ", seconds);
    print_event(timeline, name, event);
    putchar('\n');
    return true;
}

static bool show_line(struct timeline *timeline, size_t length)
{
    json_t *event = json_loadb(timeline->line, length, JSON_REJECT_DUPLICATES, NULL);
    bool shown = event != NULL && show_event(timeline, event);

    json_decref(event);
    return shown;
}

/* Reports the first line that is no event, and counts the others. */
static void complain_line(struct timeline *timeline, const char *problem)
{
    if (timeline->bad++ == 0) {
        report("%s: line %lu %s", timeline->path, timeline->number, problem);
    }
}

/* Skips the NULs that a truncated file has before a writer that does not append. */
static int skip_hole(struct timeline *timeline)
{
    unsigned long long size = 0;
    int byte;

    while ((byte = getc_unlocked(timeline->file)) == '\0') {
        size++;
    }
    if (size > 0) {
        report("%s: skipped a hole of %llu bytes before line %lu", timeline->path, size,
               timeline->number);
    }
    return byte;
}

/* Reads a line without its newline. Returns its length, -1 at the end, -2 if it is too long. */
static ssize_t read_line(struct timeline *timeline)
{
    timeline->number++;
    int byte = skip_hole(timeline);
    size_t length = 0;

    if (byte == EOF) {
        return -1;
    }
    for (; byte != EOF && byte != '\n'; byte = getc_unlocked(timeline->file)) {
        if (length < LINE_MAX_SIZE) {
            timeline->line[length] = (char)byte;
        }
        length++;
    }
    return length > LINE_MAX_SIZE ? -2 : (ssize_t)length;
}

static void show_all(struct timeline *timeline)
{
    ssize_t length;

    while ((length = read_line(timeline)) != -1 && !ferror(stdout)) {
        if (length == -2) {
            complain_line(timeline, "is too long for an event of dormouse");
        } else if (!show_line(timeline, (size_t)length)) {
            complain_line(timeline, "is not an event of dormouse");
        }
        fflush(stdout);
    }
}

static int end_status(const struct timeline *timeline)
{
    if (ferror(timeline->file) || ferror(stdout)) {
        report("%s: %s", ferror(timeline->file) ? timeline->path : "standard output",
               strerror(errno));
        return 1;
    }
    if (timeline->bad > 1) {
        report("%s: %lu lines are not events of dormouse", timeline->path, timeline->bad);
    }
    return timeline->bad > 0;
}

static int end_drawing(struct timeline *timeline)
{
    drawing_print(timeline->drawing, stdout, timeline->form, timeline->path);
    drawing_destroy(timeline->drawing);
    fflush(stdout);
    if (timeline->not_drawn > 0) {
        report("%s: too long for one picture: %llu events are not drawn", timeline->path,
               timeline->not_drawn);
    }
    return timeline->not_drawn > 0;
}

static int show_file(FILE *file, const char *path, enum drawing_form form)
{
    const char *no_colour = getenv("NO_COLOR");
    struct timeline *timeline = calloc(1, sizeof(*timeline));

    struct drawing *drawing = form != DRAWING_NONE ? drawing_create() : NULL;

    if (timeline == NULL || (form != DRAWING_NONE && drawing == NULL)) {
        report("%s: %s", path, strerror(ENOMEM));
        free(timeline);
        return 1;
    }
    timeline->form = form;
    timeline->drawing = drawing;
    timeline->file = file;
    timeline->path = path;
    timeline->coloured = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0');
    show_all(timeline);
    int undrawn = drawing != NULL ? end_drawing(timeline) : 0;
    int status = end_status(timeline) | undrawn;
    free(timeline);
    return status;
}

int timeline_draw(const char *path, enum drawing_form form)
{
    if (strcmp(path, "-") == 0) {
        return show_file(stdin, "standard input", form);
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        report("cannot open event log %s: %s", file_shown(path), strerror(errno));
        return 1;
    }
    int status = show_file(file, path, form);
    fclose(file);
    return status;
}

int timeline_show(const char *path)
{
    return timeline_draw(path, DRAWING_NONE);
}
