/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/events.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/logfile.h"
#include "base/report.h"

struct events {
    struct logfile file;
    bool warned;
    uint64_t lost;
    const char *name;
};

static const char *describe_error(int error)
{
    switch (error) {
    case -ENXIO:
        return "no process reads this FIFO; start the reader first";
    case -EINVAL:
        return "give FILE or FILE,max=SIZE, with a SIZE of at least 4K";
    default:
        return strerror(-error);
    }
}

struct events *events_open(const char *spec, const char *name)
{
    struct events *events = calloc(1, sizeof(*events));
    int error = events != NULL ? logfile_open(&events->file, spec) : -ENOMEM;

    if (error != 0) {
        report("cannot open event log %s: %s", spec, describe_error(error));
        free(events);
        return NULL;
    }
    json_object_seed(0); /* It opens /dev/urandom, which the sandbox no longer lets it do. */
    events->name = name;
    /* An incomplete line of an earlier run must not spoil our first line. */
    if (!logfile_is_at_line(&events->file)) {
        (void)logfile_write(&events->file, "\n", 1);
    }
    return events;
}

void events_close(struct events *events)
{
    if (events != NULL) {
        logfile_close(&events->file);
        free(events);
    }
}

const char *events_path(const struct events *events)
{
    return events != NULL ? events->file.path : NULL;
}

int events_created(const struct events *events)
{
    return events != NULL ? logfile_created(&events->file) : -1;
}

bool events_have_limit(const struct events *events)
{
    return events != NULL && logfile_has_limit(&events->file);
}

bool events_reopen(struct events *events)
{
    int error = events != NULL ? logfile_reopen(&events->file) : 0;

    if (error != 0) {
        report("cannot reopen event log %s: %s; the old file stays in use", events->file.path,
               describe_error(error));
        return false;
    }
    if (events != NULL) {
        events->warned = false;
    }
    return true;
}

/* Longer lines do not occur: names and fields are bounded. */
enum { LINE_MAX_SIZE = 1024 };

/* Writes `object` as a line. Returns its length, or 0 if it does not fit. */
static size_t print_line(const json_t *object, char line[LINE_MAX_SIZE])
{
    size_t length = json_dumpb(object, line, LINE_MAX_SIZE - 1, JSON_COMPACT);

    if (length == 0 || length > LINE_MAX_SIZE - 1) {
        return 0;
    }
    line[length] = '\n';
    return length + 1;
}

static int write_line(struct events *events, const char *line, size_t length)
{
    int error = logfile_make_room(&events->file, length);

    return error == 0 ? logfile_write(&events->file, line, length) : error;
}

/* -EAGAIN: the reader of a pipe is too slow. */
static void count_loss(struct events *events, int error)
{
    events->lost++;
    if (!events->warned) {
        events->warned = true;
        report("cannot write to event log %s: %s; the VM continues, and events are missing from "
               "here on",
               events->file.path, error == -EAGAIN ? "its reader is too slow" : strerror(-error));
    }
}

static json_t *make_event(const struct events *events, const char *event)
{
    return json_pack("{s:I, s:s, s:s}", "time", (json_int_t)clock_now_ns(), "vm", events->name,
                     "event", event);
}

static int write_event(struct events *events, const json_t *object)
{
    char line[LINE_MAX_SIZE];
    size_t length = object == NULL ? 0 : print_line(object, line);

    return length == 0 ? -ENOMEM : write_line(events, line, length);
}

/* Writes how many events are missing, before the next one. 0 or -errno. */
static int settle_loss(struct events *events)
{
    if (events->lost == 0) {
        return 0;
    }
    json_t *object = make_event(events, "events-lost");
    if (object != NULL) {
        json_object_set_new(object, "count", json_integer((json_int_t)events->lost));
    }
    int error = write_event(events, object);
    json_decref(object);
    if (error == 0) {
        events->lost = 0;
    }
    return error;
}

void events_emit_object(struct events *events, const char *event, json_t *members)
{
    json_t *object = make_event(events, event);

    if (object != NULL && members != NULL) {
        json_object_update(object, members);
    }
    int error = settle_loss(events);
    if (error == 0) {
        error = write_event(events, members == NULL ? NULL : object);
    }
    if (error != 0) {
        count_loss(events, error);
    }
    json_decref(members);
    json_decref(object);
}

void events_emit(struct events *events, const char *event, const char *fields, ...)
{
    char format[256];
    va_list arguments;

    if (events == NULL) {
        return;
    }
    snprintf(format, sizeof(format), "{%s}", fields);
    va_start(arguments, fields);
    json_t *members = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    events_emit_object(events, event, members);
}
