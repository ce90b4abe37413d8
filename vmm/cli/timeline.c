/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/timeline.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    {"boot", BOLD, "boot {boot}: vCPUs {cpus}, PSCI {psci}, SYSTEM_SUSPEND {on_suspend}"},
    {"vcpu-on", GREEN, "vCPU {vcpu} is on"},
    {"vcpu-off", YELLOW, "vCPU {vcpu} is off"},
    {"suspend-request", MAGENTA,
     "vCPU {vcpu} calls SYSTEM_SUSPEND (SMC{width}), entry {entry}, context {context}"},
    {"suspend-honoured", MAGENTA, "honoured: all other vCPUs are off, the entry is good"},
    {"suspend-refused", RED, "refused with {answer}: {reason}"},
    {"suspend-asked", MAGENTA, "the operator is asked; after a time: {default}"},
    {"asleep", BLUE, "asleep"},
    {"wake", GREEN, "woken by {source}"},
    {"wake-ignored", YELLOW, "wake by {source} ignored: {reason}"},
    {"resumed", GREEN, "vCPU {vcpu} resumes at its entry {entry}"},
    {"reboot", BOLD, "vCPU {vcpu} asks for a {kind} reset"},
    {"idle", PLAIN, "vCPU {vcpu} was {count} times in {state}"},
    {"reset", BOLD, "the operator resets the machine"},
    {"paused", YELLOW, "paused by the operator"},
    {"continued", GREEN, "the operator lets it go on"},
    {"vcpu-admitted", GREEN, "vCPU {vcpu} is admitted"},
    {"vcpu-withdrawn", YELLOW, "vCPU {vcpu} is withdrawn"},
    {"vcpu-not-admitted", RED, "vCPU {vcpu} may not start: it is not admitted"},
    {"off", BOLD, "vCPU {vcpu} turns the machine off ({kind})"},
    {"quit", BOLD, "ended by {reason}"},
    {"error", RED, "error: {message}"},
    {"events-lost", RED, "{count} events are missing here"},
};

struct timeline {
    bool coloured;
    bool started;
    json_int_t start; /* time of the first event */
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

/* Prints text from a file with what would steer a terminal made harmless. */
static void print_text(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        putchar(c < ' ' || c == 0x7f ? '?' : c);
    }
}

static void print_value(const json_t *value)
{
    if (json_is_string(value)) {
        print_text(json_string_value(value));
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

static bool show_event(struct timeline *timeline, const json_t *event)
{
    const json_t *time = json_object_get(event, "time");
    const char *name = json_string_value(json_object_get(event, "event"));

    if (!json_is_integer(time) || name == NULL) {
        return false;
    }
    if (!timeline->started) {
        timeline->started = true;
        timeline->start = json_integer_value(time);
    }
    const struct phrase *phrase = find_phrase(name);
    double seconds = (double)(json_integer_value(time) - timeline->start) / 1e9;

    printf("%9.3f s  %s", seconds, timeline->coloured && phrase != NULL ? phrase->colour : PLAIN);
    if (phrase != NULL) {
        print_words(phrase->words, event);
    } else {
        print_text(name); /* A later dormouse's event: better its bare name than nothing. */
    }
    printf("%s\n", timeline->coloured ? RESET : PLAIN);
    return true;
}

static bool show_line(struct timeline *timeline, const char *line, size_t length)
{
    json_t *event = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    bool shown = event != NULL && show_event(timeline, event);

    json_decref(event);
    return shown;
}

static int show_all(FILE *file, const char *path)
{
    const char *no_colour = getenv("NO_COLOR");
    struct timeline timeline = {
        .coloured = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0'),
    };
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    unsigned long number = 0;
    int status = 0;

    while (status == 0 && (length = getline(&line, &capacity, file)) > 0) {
        number++;
        if (!show_line(&timeline, line, (size_t)length)) {
            report("%s: line %lu is not an event of dormouse", path, number);
            status = 1;
        }
        fflush(stdout);
    }
    free(line);
    if (status == 0 && (ferror(file) || ferror(stdout))) {
        report("%s: %s", ferror(file) ? path : "standard output", strerror(errno));
        status = 1;
    }
    return status;
}

int timeline_show(const char *path)
{
    if (strcmp(path, "-") == 0) {
        return show_all(stdin, "standard input");
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        report("cannot open event log %s: %s", path, strerror(errno));
        return 1;
    }
    int status = show_all(file, path);
    fclose(file);
    return status;
}
