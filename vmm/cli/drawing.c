/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/drawing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clean.h"

enum drawing_state {
    DRAWING_UNKNOWN, /* nothing is drawn */
    DRAWING_ON,
    DRAWING_ASLEEP,
    DRAWING_PAUSED,
    DRAWING_OFF,
};

static const char *const drawing_classes[] = {
    [DRAWING_UNKNOWN] = "",      [DRAWING_ON] = "on",   [DRAWING_ASLEEP] = "asleep",
    [DRAWING_PAUSED] = "paused", [DRAWING_OFF] = "off",
};

struct drawing_stay {
    int64_t begin;
    int64_t end;
    unsigned row;
    enum drawing_state state;
};

struct drawing_mark {
    int64_t time;
    char what[32];
};

struct drawing_row {
    int64_t since;
    enum drawing_state state;
};

struct drawing {
    bool started;
    int64_t first;
    int64_t last;
    bool slept; /* before a pause */
    unsigned rows;
    unsigned stay_count;
    unsigned mark_count;
    struct drawing_row row[DRAWING_ROWS_MAX];
    struct drawing_mark marks[DRAWING_MARKS_MAX];
    struct drawing_stay stays[DRAWING_STAYS_MAX];
};

struct drawing *drawing_create(void)
{
    return calloc(1, sizeof(struct drawing));
}

void drawing_destroy(struct drawing *drawing)
{
    free(drawing);
}

static bool row_enter(struct drawing *drawing, unsigned index, enum drawing_state state)
{
    struct drawing_row *row = &drawing->row[index];

    if (row->state == state) {
        return true;
    }
    if (row->state != DRAWING_UNKNOWN) {
        if (drawing->stay_count == DRAWING_STAYS_MAX) {
            return false;
        }
        drawing->stays[drawing->stay_count++] = (struct drawing_stay){
            .begin = row->since, .end = drawing->last, .row = index, .state = row->state};
    }
    *row = (struct drawing_row){.since = drawing->last, .state = state};
    drawing->rows = index < drawing->rows ? drawing->rows : index + 1;
    return true;
}

static bool vcpus_enter(struct drawing *drawing, enum drawing_state state)
{
    bool good = true;

    for (unsigned i = 1; i < drawing->rows; i++) {
        good = row_enter(drawing, i, state) && good;
    }
    return good;
}

static bool vcpu_enter(struct drawing *drawing, const json_t *event, enum drawing_state state)
{
    json_int_t vcpu = json_integer_value(json_object_get(event, "vcpu"));

    return vcpu < 0 || vcpu >= DRAWING_ROWS_MAX - 1 ||
           row_enter(drawing, (unsigned)vcpu + 1, state);
}

static bool take_boot(struct drawing *drawing, const json_t *event)
{
    json_int_t cpus = json_integer_value(json_object_get(event, "cpus"));

    drawing->slept = false;
    if (cpus > 0 && cpus < DRAWING_ROWS_MAX && (unsigned)cpus + 1 > drawing->rows) {
        drawing->rows = (unsigned)cpus + 1;
    }
    return row_enter(drawing, 0, DRAWING_ON) && vcpus_enter(drawing, DRAWING_OFF);
}

static bool take_vcpu_on(struct drawing *drawing, const json_t *event)
{
    return vcpu_enter(drawing, event, DRAWING_ON);
}

static bool take_vcpu_off(struct drawing *drawing, const json_t *event)
{
    return vcpu_enter(drawing, event, DRAWING_OFF);
}

static bool take_asleep(struct drawing *drawing, const json_t *event)
{
    drawing->slept = true;
    return row_enter(drawing, 0, DRAWING_ASLEEP) && vcpu_enter(drawing, event, DRAWING_ASLEEP);
}

static bool take_restored(struct drawing *drawing, const json_t *event)
{
    (void)event;
    drawing->slept = true;
    return row_enter(drawing, 0, DRAWING_ASLEEP);
}

static bool take_resumed(struct drawing *drawing, const json_t *event)
{
    drawing->slept = false;
    return row_enter(drawing, 0, DRAWING_ON) && vcpu_enter(drawing, event, DRAWING_ON);
}

static bool take_paused(struct drawing *drawing, const json_t *event)
{
    (void)event;
    return row_enter(drawing, 0, DRAWING_PAUSED);
}

static bool take_continued(struct drawing *drawing, const json_t *event)
{
    (void)event;
    return row_enter(drawing, 0, drawing->slept ? DRAWING_ASLEEP : DRAWING_ON);
}

static bool take_off(struct drawing *drawing, const json_t *event)
{
    (void)event;
    return row_enter(drawing, 0, DRAWING_OFF) && vcpus_enter(drawing, DRAWING_OFF);
}

/* The process ends. */
static bool take_end(struct drawing *drawing, const json_t *event)
{
    (void)event;
    return row_enter(drawing, 0, DRAWING_UNKNOWN) && vcpus_enter(drawing, DRAWING_UNKNOWN);
}

static bool take_wake(struct drawing *drawing, const json_t *event)
{
    const char *source = json_string_value(json_object_get(event, "source"));

    if (drawing->mark_count == DRAWING_MARKS_MAX) {
        return false;
    }
    struct drawing_mark *mark = &drawing->marks[drawing->mark_count++];
    mark->time = drawing->last;
    (void)snprintf(mark->what, sizeof(mark->what), "%s", source != NULL ? source : "?");
    return true;
}

static const struct drawing_event {
    const char *name;
    bool (*take)(struct drawing *drawing, const json_t *event);
} drawing_events[] = {
    {"boot", take_boot},         {"vcpu-on", take_vcpu_on},
    {"vcpu-off", take_vcpu_off}, {"asleep", take_asleep},
    {"restored", take_restored}, {"resumed", take_resumed},
    {"paused", take_paused},     {"continued", take_continued},
    {"off", take_off},           {"saved", take_end},
    {"quit", take_end},          {"error", take_end},
    {"wake", take_wake},
};

/* The host has started again, and its clock: what was before is of another night. */
static void drawing_begin(struct drawing *drawing, int64_t time)
{
    memset(drawing, 0, sizeof(*drawing)); /* It is too large for a value on the stack. */
    drawing->started = true;
    drawing->first = time;
    drawing->rows = 1;
}

bool drawing_take(struct drawing *drawing, const char *name, const json_t *event, int64_t time)
{
    if (!drawing->started || time < drawing->last) {
        drawing_begin(drawing, time);
    }
    drawing->last = time;
    for (size_t i = 0; i < sizeof(drawing_events) / sizeof(drawing_events[0]); i++) {
        if (strcmp(drawing_events[i].name, name) == 0) {
            return drawing_events[i].take(drawing, event);
        }
    }
    return true;
}

enum {
    DRAWING_WIDTH = 1000,
    DRAWING_LEFT = 70,
    DRAWING_RIGHT = 985,
    DRAWING_TOP = 30,
    DRAWING_ROW = 18,
    DRAWING_BAR = 14,
};

static void drawing_print_text(FILE *file, const char *text)
{
    size_t length = strlen(text);

    while (length > 0) {
        const char *shown;
        size_t shown_length;
        size_t used = clean_character(text, length, &shown, &shown_length);

        switch (*shown) {
        case '<':
            fputs("&lt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        default:
            (void)fwrite(shown, 1, shown_length, file);
            break;
        }
        text += used;
        length -= used;
    }
}

/* Floating point: the difference of two integers of a file must not overflow. */
static double seconds_of(const struct drawing *drawing, int64_t time)
{
    return ((double)time - (double)drawing->first) / 1e9;
}

/* Where a part of the time, 0 to 1, is. */
static double x_at(double part)
{
    const double left = DRAWING_LEFT;
    const double width = DRAWING_RIGHT - DRAWING_LEFT;

    return left + part * width;
}

static double x_of(const struct drawing *drawing, int64_t time)
{
    double whole = seconds_of(drawing, drawing->last);
    double part = whole > 0 ? seconds_of(drawing, time) / whole : 0;

    return x_at(part);
}

/* Hours and minutes, or seconds if there are few of them. */
static void drawing_print_time(FILE *file, double seconds, double whole)
{
    unsigned long long all = (unsigned long long)seconds;

    if (whole < 600) {
        fprintf(file, "%.*f s", whole < 10 ? 1 : 0, seconds);
    } else {
        fprintf(file, "%llu:%02llu:%02llu", all / 3600, all / 60 % 60, all % 60);
    }
}

/* The least of these steps with which the axis has at most ten marks. */
static double find_step(double whole)
{
    static const double steps[] = {0.1, 0.5, 1,   2,    5,    10,   30,    60,
                                   120, 300, 600, 1800, 3600, 7200, 21600, 86400};
    double step = steps[0];

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && whole / step > 10; i++) {
        step = steps[i];
    }
    while (whole / step > 10) {
        step *= 10;
    }
    return step;
}

static void drawing_print_axis(const struct drawing *drawing, FILE *file, unsigned bottom)
{
    double whole = seconds_of(drawing, drawing->last);
    double step = find_step(whole);

    for (unsigned i = 0; i * step <= whole && i <= 10; i++) {
        double x = x_at(whole > 0 ? i * step / whole : 0);

        fprintf(file,
                "<path class=\"axis\" d=\"M%.2f %dV%u\"/><text class=\"time\" x=\"%.2f\" y=\"%u\">",
                x, DRAWING_TOP, bottom, x, bottom + 14);
        drawing_print_time(file, i * step, whole);
        fputs("</text>\n", file);
    }
}

static void drawing_print_stay(const struct drawing *drawing, FILE *file,
                               const struct drawing_stay *stay)
{
    double whole = seconds_of(drawing, drawing->last);
    double x = x_of(drawing, stay->begin);
    double width = x_of(drawing, stay->end) - x;

    fprintf(file,
            "<rect class=\"%s\" x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\"><title>%s from ",
            drawing_classes[stay->state], x, DRAWING_TOP + stay->row * DRAWING_ROW,
            width < 0.3 ? 0.3 : width, DRAWING_BAR, drawing_classes[stay->state]);
    drawing_print_time(file, seconds_of(drawing, stay->begin), whole);
    fprintf(file, ", for %.3f s</title></rect>\n", ((double)stay->end - (double)stay->begin) / 1e9);
}

static void drawing_print_mark(const struct drawing *drawing, FILE *file,
                               const struct drawing_mark *mark)
{
    double x = x_of(drawing, mark->time);

    fprintf(file, "<path class=\"wake\" d=\"M%.2f %dV%d\"><title>woken by ", x, DRAWING_TOP - 8,
            DRAWING_TOP + DRAWING_BAR);
    drawing_print_text(file, mark->what);
    fputs(" at ", file);
    drawing_print_time(file, seconds_of(drawing, mark->time), seconds_of(drawing, drawing->last));
    fputs("</title></path>\n", file);
}

static void drawing_print_labels(const struct drawing *drawing, FILE *file)
{
    for (unsigned i = 0; i < drawing->rows; i++) {
        fprintf(file, "<text x=\"4\" y=\"%u\">", DRAWING_TOP + i * DRAWING_ROW + 11);
        if (i == 0) {
            fputs("VM</text>\n", file);
        } else {
            fprintf(file, "vCPU %u</text>\n", i - 1);
        }
    }
}

static void drawing_print_legend(FILE *file, const char *title)
{
    static const char *const words[] = {"on", "asleep", "paused", "off"};

    fputs("<text x=\"4\" y=\"14\">", file);
    drawing_print_text(file, title);
    fputs("</text>\n", file);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        unsigned x = 600 + i * 70;

        fprintf(file,
                "<rect class=\"%s\" x=\"%u\" y=\"5\" width=\"10\" height=\"10\"/><text x=\"%u\" "
                "y=\"14\">%s</text>\n",
                words[i], x, x + 14, words[i]);
    }
    fputs("<path class=\"wake\" d=\"M885 3V17\"/><text x=\"891\" y=\"14\">wake</text>\n", file);
}

static void drawing_print_svg(const struct drawing *drawing, FILE *file, const char *title)
{
    unsigned bottom = DRAWING_TOP + drawing->rows * DRAWING_ROW;

    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" "
            "font-family=\"sans-serif\" "
            "font-size=\"11\">\n<style>.on{fill:#43a047}.asleep{fill:#3949ab}.paused{fill:#ffb300}"
            ".off{fill:#e0e0e0}.wake{stroke:#d81b60;stroke-width:2}.axis{stroke:#bdbdbd;stroke-"
            "width:.5}"
            ".time{text-anchor:middle}</style>\n",
            DRAWING_WIDTH, bottom + 20);
    drawing_print_legend(file, title);
    drawing_print_axis(drawing, file, bottom);
    drawing_print_labels(drawing, file);
    for (unsigned i = 0; i < drawing->stay_count; i++) {
        drawing_print_stay(drawing, file, &drawing->stays[i]);
    }
    for (unsigned i = 0; i < drawing->mark_count; i++) {
        drawing_print_mark(drawing, file, &drawing->marks[i]);
    }
    fputs("</svg>\n", file);
}

void drawing_print(struct drawing *drawing, FILE *file, enum drawing_form form, const char *title)
{
    (void)take_end(drawing, NULL); /* What lasts until the end of the log. */
    if (form == DRAWING_HTML) {
        fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>", file);
        drawing_print_text(file, title);
        fputs("</title></head><body>\n", file);
    }
    drawing_print_svg(drawing, file, title);
    if (form == DRAWING_HTML) {
        fputs("</body></html>\n", file);
    }
}
