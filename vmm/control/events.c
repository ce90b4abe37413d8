/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/events.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/report.h"

struct events {
    int fd;
    bool is_file; /* a regular file: an incomplete line can be taken back */
    bool warned;
    uint64_t lost;
    const char *path;
    const char *name;
};

struct events *events_open(const char *path, const char *name)
{
    /* O_NONBLOCK: neither a FIFO without a reader nor a slow one may stop the VM. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
    struct events *events = fd < 0 ? NULL : malloc(sizeof(*events));

    if (events == NULL) {
        report("cannot open event log %s: %s", path,
               errno == ENXIO ? "nobody reads this FIFO; start the reader first" : strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    struct stat status;
    *events = (struct events){
        .fd = fd,
        .is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode),
        .path = path,
        .name = name,
    };
    return events;
}

void events_close(struct events *events)
{
    if (events != NULL) {
        close(events->fd);
        free(events);
    }
}

int64_t events_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Longer lines do not occur: names are bounded, and so are all the fields. */
enum { LINE_MAX_SIZE = 1024 };

/* `object` as a line; its length, or 0 where it does not fit. */
static size_t print_line(const json_t *object, char line[LINE_MAX_SIZE])
{
    size_t length = json_dumpb(object, line, LINE_MAX_SIZE - 1, JSON_COMPACT);

    if (length == 0 || length > LINE_MAX_SIZE - 1) {
        return 0;
    }
    line[length] = '\n';
    return length + 1;
}

/* Whole or not at all. Returns 0 or the error. */
static int write_line(const struct events *events, const char *line, size_t length)
{
    ssize_t written = write(events->fd, line, length);

    if (written == (ssize_t)length) {
        return 0;
    }
    int error = written < 0 ? errno : ENOSPC;
    if (written > 0 && events->is_file) {
        off_t end = lseek(events->fd, -written, SEEK_CUR);
        if (end >= 0 && ftruncate(events->fd, end) != 0) {
            error = errno;
        }
    }
    return error;
}

static void lose(struct events *events, int error)
{
    events->lost++;
    if (!events->warned) {
        events->warned = true;
        report("cannot write to event log %s: %s; the VM goes on, events are missing from here on",
               events->path, strerror(error));
    }
}

static json_t *make_event(const struct events *events, const char *event)
{
    return json_pack("{s:I, s:s, s:s}", "time", (json_int_t)events_clock(), "vm", events->name,
                     "event", event);
}

static int write_event(const struct events *events, const json_t *object)
{
    char line[LINE_MAX_SIZE];
    size_t length = object == NULL ? 0 : print_line(object, line);

    return length == 0 ? ENOMEM : write_line(events, line, length);
}

/* Says how many events are missing, before the next one. Returns 0 or the error. */
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

void events_emit(struct events *events, const char *event, const char *fields, ...)
{
    char format[256];
    va_list arguments;

    if (events == NULL) {
        return;
    }
    json_t *object = make_event(events, event);
    snprintf(format, sizeof(format), "{%s}", fields);
    va_start(arguments, fields);
    json_t *members = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    if (object != NULL && members != NULL) {
        json_object_update(object, members);
    }
    int error = settle_loss(events);
    if (error == 0) {
        error = write_event(events, members == NULL ? NULL : object);
    }
    if (error != 0) {
        lose(events, error);
    }
    json_decref(members);
    json_decref(object);
}
