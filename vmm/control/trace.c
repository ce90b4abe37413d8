/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each stay in a state is one event ("X", with its duration), written at its end: whatever is missing, the
 * rest is right. A file without its last bracket is one that Perfetto reads, too.
 */
#include "control/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/logfile.h"
#include "base/report.h"

enum {
    TRACE_BUFFER = 64 * 1024,
    TRACE_LINE_MAX = 512,
    TRACE_SLICE_MAX = 128,
    TRACE_END = 4, /* the last bracket */
    TRACE_PROCESS = 1,
    TRACE_TID_VM = 1, /* then the vCPUs */
    TRACE_TID_VCPU = 2,
};

#define TRACE_LEAST "at least 4K"
#define TRACE_SIZE  (UINT64_C(1) << 30)

struct trace_state {
    const char *name;
    int64_t since;
};

struct trace {
    struct logfile file;
    uint64_t size; /* of the file with what waits in `buffer` */
    uint64_t max;
    uint64_t tail;  /* room for the states that have not ended, and for the last bracket */
    int64_t second; /* clock_now_ns() when it began */
    unsigned left;  /* events that may still come in it */
    uint64_t lost;
    bool ended; /* nothing more can be written */
    size_t length;
    char buffer[TRACE_BUFFER];
    unsigned count;
    struct trace_state states[]; /* by thread number, less TRACE_TID_VM */
};

static const char *trace_describe(int error)
{
    if (error == -ENOTSUP) {
        return "not a regular file";
    }
    return error == -EINVAL ? "give FILE or FILE,max=SIZE, with a SIZE of " TRACE_LEAST
                            : strerror(-error);
}

/* 0 or -errno. A file that is not a regular one could make the VM wait for its reader. */
static int trace_start(struct trace *trace, const char *spec)
{
    int error = logfile_open(&trace->file, spec);

    if (error == 0 && !trace->file.is_file) {
        error = -ENOTSUP;
    }
    if (error == 0 && ftruncate(trace->file.fd, 0) != 0) {
        error = -errno;
    }
    trace->max = trace->file.max != 0 ? trace->file.max : TRACE_SIZE;
    return error;
}

static void trace_stop(struct trace *trace, const char *why)
{
    trace->ended = true;
    trace->length = 0;
    report("--trace %s: %s; the VM continues without a trace", trace->file.path, why);
}

static void trace_write(struct trace *trace)
{
    int error = trace->length == 0 || trace->ended
                    ? 0
                    : logfile_write(&trace->file, trace->buffer, trace->length);

    trace->length = 0;
    if (error != 0) {
        trace_stop(trace, strerror(-error));
    }
}

static void trace_append(struct trace *trace, const char *line, size_t length)
{
    if (trace->length + length > sizeof(trace->buffer)) {
        trace_write(trace);
    }
    memcpy(trace->buffer + trace->length, line, length);
    trace->length += length;
    trace->size += length;
}

/*
 * Whole microseconds, rounded down: a slice that ends where the next one begins still does. Readers take a number with
 * a point as a double, in which nanoseconds are inexact after 26 days of uptime, and neighbours would overlap.
 */
#define TRACE_US         "%" PRId64
#define TRACE_US_OF(ns_) ((ns_) / 1000)

static size_t trace_print_slice(char line[TRACE_SLICE_MAX], unsigned tid, const char *name,
                                int64_t begin, int64_t end)
{
    int length = snprintf(line, TRACE_SLICE_MAX,
                          ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%u,\"name\":\"%s\",\"ts\":" TRACE_US
                          ",\"dur\":" TRACE_US "}",
                          TRACE_PROCESS, tid, name, TRACE_US_OF(begin),
                          TRACE_US_OF(end) - TRACE_US_OF(begin));

    return length > 0 && length < TRACE_SLICE_MAX ? (size_t)length : 0;
}

/* Shows each state that has not ended until now, if there is room. */
static void trace_end_states(struct trace *trace)
{
    char line[TRACE_SLICE_MAX];
    int64_t now = clock_now_ns();

    for (unsigned i = 0; i <= trace->count && !trace->ended; i++) {
        struct trace_state *state = &trace->states[i];
        size_t length = state->name != NULL ? trace_print_slice(line, TRACE_TID_VM + i, state->name,
                                                                state->since, now)
                                            : 0;

        if (trace->size + length + TRACE_END <= trace->max) {
            trace_append(trace, line, length);
        }
        state->name = NULL;
    }
}

static void trace_fill(struct trace *trace)
{
    trace_end_states(trace);
    trace_write(trace);
    if (!trace->ended) {
        (void)logfile_write(&trace->file, "\n]\n", 3);
        trace_stop(trace, "the file has reached its limit");
    }
}

static void trace_put(struct trace *trace, const char *line, size_t length)
{
    if (trace->ended) {
        return;
    }
    if (trace->size + length + trace->tail > trace->max) {
        trace_fill(trace);
        return;
    }
    trace_append(trace, line, length);
}

__attribute__((format(printf, 2, 3))) static void trace_line(struct trace *trace,
                                                             const char *format, ...)
{
    char line[TRACE_LINE_MAX];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length > 0 && (size_t)length < sizeof(line)) {
        trace_put(trace, line, (size_t)length);
    }
}

/* Whether one event more may be written in this second. However often the trace is flushed. */
static bool trace_take_room(struct trace *trace)
{
    const int64_t second_ns = INT64_C(1000000000);
    int64_t now = clock_now_ns();

    if (now - trace->second >= second_ns) {
        trace->second = now;
        trace->left = TRACE_RATE;
    }
    if (trace->left == 0) {
        return false;
    }
    trace->left--;
    return true;
}

static bool trace_may(struct trace *trace)
{
    bool may = trace_take_room(trace);

    trace->lost += !may;
    return may;
}

static void trace_slice(struct trace *trace, unsigned tid, const char *name, int64_t begin,
                        int64_t end)
{
    char line[TRACE_SLICE_MAX];

    if (trace_may(trace)) {
        trace_put(trace, line, trace_print_slice(line, tid, name, begin, end));
    }
}

static void trace_name_thread(struct trace *trace, unsigned tid, const char *name)
{
    trace_line(trace,
               ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"name\":\"thread_name\",\"args\":{\"name\":"
               "\"%s\"}},\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,\"name\":\"thread_sort_index\","
               "\"args\":{\"sort_index\":%u}}",
               TRACE_PROCESS, tid, name, TRACE_PROCESS, tid, tid);
}

static void trace_begin(struct trace *trace, const char *vm)
{
    char name[32];

    trace_line(
        trace,
        "[\n{\"ph\":\"M\",\"pid\":%d,\"name\":\"process_name\",\"args\":{\"name\":\"dormouse "
        "%s\"}}",
        TRACE_PROCESS, vm);
    trace_name_thread(trace, TRACE_TID_VM, "VM");
    for (unsigned i = 0; i < trace->count; i++) {
        (void)snprintf(name, sizeof(name), "vCPU %u", i);
        trace_name_thread(trace, TRACE_TID_VCPU + i, name);
    }
}

struct trace *trace_open(const char *spec, const char *vm, unsigned vcpus)
{
    struct trace *trace = calloc(1, sizeof(*trace) + (vcpus + 1) * sizeof(trace->states[0]));
    int error = trace != NULL ? trace_start(trace, spec) : -ENOMEM;

    if (error != 0) {
        report("--trace %s: %s", spec, trace_describe(error));
        if (trace != NULL) {
            logfile_close(&trace->file);
        }
        free(trace);
        return NULL;
    }
    trace->count = vcpus;
    trace->tail = TRACE_END + (vcpus + 1) * (uint64_t)TRACE_SLICE_MAX;
    if (trace->tail > trace->max / 2) {
        trace->tail = trace->max / 2;
    }
    trace->second = clock_now_ns();
    trace->left = TRACE_RATE;
    trace_begin(trace, vm);
    return trace;
}

static void trace_enter(struct trace *trace, unsigned tid, const char *name)
{
    struct trace_state *state = &trace->states[tid - TRACE_TID_VM];
    int64_t now = clock_now_ns();

    if (name == state->name) {
        return;
    }
    if (state->name != NULL) {
        trace_slice(trace, tid, state->name, state->since, now);
    }
    *state = (struct trace_state){.name = name, .since = now};
}

void trace_close(struct trace *trace)
{
    if (trace == NULL) {
        return;
    }
    trace->left = TRACE_RATE;
    trace->tail = TRACE_END;
    trace_end_states(trace);
    trace_flush(trace);
    trace_put(trace, "\n]\n", 3);
    trace_write(trace);
    logfile_close(&trace->file);
    free(trace);
}

void trace_vm(struct trace *trace, const char *state)
{
    if (trace != NULL) {
        trace_enter(trace, TRACE_TID_VM, state);
    }
}

void trace_vcpu(struct trace *trace, unsigned vcpu, const char *state)
{
    if (trace != NULL) {
        trace_enter(trace, TRACE_TID_VCPU + vcpu, state);
    }
}

void trace_nap(struct trace *trace, unsigned vcpu, const char *name, int64_t begin, int64_t end)
{
    int64_t since = trace->states[TRACE_TID_VCPU + vcpu - TRACE_TID_VM].since;

    begin = begin > since ? begin : since;
    if (begin < end) {
        trace_slice(trace, TRACE_TID_VCPU + vcpu, name, begin, end);
    }
}

void trace_mark(struct trace *trace, const char *name, const char *detail)
{
    int64_t now = clock_now_ns();

    if (trace != NULL && trace_may(trace)) {
        trace_line(
            trace,
            ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\",\"ts\":" TRACE_US
            ",\"args\":{\"what\":\"%s\"}}",
            TRACE_PROCESS, TRACE_TID_VM, name, TRACE_US_OF(now), detail);
    }
}

void trace_flow(struct trace *trace, const char *device, const char *in, uint64_t in_bytes,
                const char *out, uint64_t out_bytes)
{
    int64_t now = clock_now_ns();

    if (trace != NULL) {
        trace_line(trace,
                   ",\n{\"ph\":\"C\",\"pid\":%d,\"name\":\"%s, bytes/s\",\"ts\":" TRACE_US
                   ",\"args\":{\"%s\":%" PRIu64 ",\"%s\":%" PRIu64 "}}",
                   TRACE_PROCESS, device, TRACE_US_OF(now), in, in_bytes, out, out_bytes);
    }
}

void trace_lost(struct trace *trace, uint64_t count)
{
    if (trace != NULL) {
        trace->lost += count;
    }
}

void trace_flush(struct trace *trace)
{
    int64_t now = clock_now_ns();

    if (trace == NULL) {
        return;
    }
    if (trace->lost > 0 && trace_take_room(trace)) {
        trace_line(
            trace,
            ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":%d,\"tid\":%d,\"name\":\"events are missing\","
            "\"ts\":" TRACE_US ",\"args\":{\"count\":%" PRIu64 "}}",
            TRACE_PROCESS, TRACE_TID_VM, TRACE_US_OF(now), trace->lost);
        trace->lost = 0;
    }
    trace_write(trace);
}
