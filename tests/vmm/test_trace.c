/* SPDX-License-Identifier: BSD-2-Clause */
/* Traces, by the rules of Chrome's trace events. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "capture.h"
#include "control/trace.h"
#include "scratch.h"

#define SECOND INT64_C(1000000000)

enum { VM = 1, VCPU_0 = 2, VCPU_1 = 3 };

int64_t __real_clock_now_ns(void);
int64_t __wrap_clock_now_ns(void);

static int64_t now; /* time that passes only when a test says so; 0: real time */

int64_t __wrap_clock_now_ns(void)
{
    return now != 0 ? now : __real_clock_now_ns();
}

static struct trace *open_trace(const char *spec)
{
    struct trace *trace = trace_open(spec, "vm-1", 2);

    assert_non_null(trace);
    return trace;
}

static const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));

    return text != NULL ? text : "";
}

static int64_t ns_of(const json_t *event, const char *key)
{
    return json_integer_value(json_object_get(event, key)) * 1000;
}

/* A name of the process or of a thread, or a thread's place among the others. */
static void check_metadata(const json_t *event)
{
    const json_t *args = json_object_get(event, "args");

    assert_int_equal(json_object_size(args), 1);
    if (strcmp(text_of(event, "name"), "thread_sort_index") == 0) {
        assert_true(json_is_integer(json_object_get(args, "sort_index")));
        return;
    }
    assert_true(strcmp(text_of(event, "name"), "process_name") == 0 ||
                strcmp(text_of(event, "name"), "thread_name") == 0);
    assert_true(text_of(args, "name")[0] != '\0');
}

/* Bytes in both directions. */
static void check_counter(json_t *event)
{
    json_t *values = json_object_get(event, "args");
    const char *key;
    json_t *value;

    assert_int_equal(json_object_size(values), 2);
    json_object_foreach(values, key, value)
    {
        assert_true(key[0] != '\0');
        assert_true(json_integer_value(value) >= 0 && json_is_integer(value));
    }
}

/*
 * What Perfetto's importer (json_trace_tokenizer.cc, json_trace_parser.cc) demands of an event of each kind. It drops or
 * moves others, and counts some of them only. A time that is a double, it does not read exactly; a thread without a
 * number would be the one with the process's.
 */
static void check_event(json_t *event)
{
    const char *kind = text_of(event, "ph");

    assert_int_equal(strlen(kind), 1);
    assert_non_null(strchr("MXiC", kind[0]));
    assert_true(json_integer_value(json_object_get(event, "pid")) > 0);
    assert_true(text_of(event, "name")[0] != '\0');
    if (kind[0] == 'M') {
        check_metadata(event);
        return;
    }
    assert_true(json_is_integer(json_object_get(event, "ts")));
    if (kind[0] == 'C') {
        assert_null(json_object_get(event, "tid"));
        check_counter(event);
        return;
    }
    assert_true(json_integer_value(json_object_get(event, "tid")) > 0);
    if (kind[0] == 'X') {
        assert_true(json_is_integer(json_object_get(event, "dur")) && ns_of(event, "dur") >= 0);
        return;
    }
    assert_string_equal(text_of(event, "s"), "t");
    assert_true(json_is_object(json_object_get(event, "args")));
}

/* Slices of a track lie beside each other or in each other. */
static void check_pair(const json_t *one, const json_t *other)
{
    int64_t begin = ns_of(one, "ts");
    int64_t end = begin + ns_of(one, "dur");
    int64_t from = ns_of(other, "ts");
    int64_t to = from + ns_of(other, "dur");
    bool beside = end <= from || to <= begin;

    assert_true(beside || (from <= begin && end <= to) || (begin <= from && to <= end));
}

static bool are_slices_of_one_track(const json_t *one, const json_t *other)
{
    return strcmp(text_of(one, "ph"), "X") == 0 && strcmp(text_of(other, "ph"), "X") == 0 &&
           json_equal(json_object_get(one, "tid"), json_object_get(other, "tid"));
}

static void check_slices(const json_t *events)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        for (size_t j = 0; j < i; j++) {
            const json_t *one = json_array_get(events, i);
            const json_t *other = json_array_get(events, j);

            if (are_slices_of_one_track(one, other)) {
                check_pair(one, other);
            }
        }
    }
}

static json_t *read_trace(void)
{
    json_t *events = json_load_file("trace", JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(events);
    for (size_t i = 0; i < json_array_size(events); i++) {
        check_event(json_array_get(events, i));
    }
    return events;
}

static const json_t *find(const json_t *events, const char *kind, int tid, const char *name)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);

        if (strcmp(text_of(event, "ph"), kind) == 0 && strcmp(text_of(event, "name"), name) == 0 &&
            (tid == 0 || json_integer_value(json_object_get(event, "tid")) == tid)) {
            return event;
        }
    }
    return NULL;
}

static void tracks_have_names(void **state)
{
    (void)state;
    trace_close(open_trace("trace"));
    json_t *events = read_trace();
    const json_t *process = find(events, "M", 0, "process_name");
    assert_string_equal(text_of(json_object_get(process, "args"), "name"), "dormouse vm-1");
    const json_t *thread = find(events, "M", VM, "thread_name");
    assert_string_equal(text_of(json_object_get(thread, "args"), "name"), "VM");
    thread = find(events, "M", VCPU_1, "thread_name");
    assert_string_equal(text_of(json_object_get(thread, "args"), "name"), "vCPU 1");
    json_decref(events);
}

static void states_and_naps_are_slices(void **state)
{
    struct trace *trace = open_trace("trace");

    (void)state;
    trace_vm(trace, "running");
    trace_vcpu(trace, 0, "on");
    trace_vcpu(trace, 1, "off");
    int64_t begin = clock_now_ns();
    while (clock_now_ns() < begin + 2000) {
    }
    trace_nap(trace, 0, "cpu-standby", begin, clock_now_ns());
    trace_nap(trace, 0, "cpu-standby", begin - 1000000000, begin); /* began before the state */
    trace_nap(trace, 0, "too early", begin - 2000000000, begin - 1000000000);
    trace_mark(trace, "wake", "net");
    trace_vcpu(trace, 0, "asleep");
    trace_vm(trace, "asleep");
    trace_close(trace);
    json_t *events = read_trace();
    check_slices(events);
    assert_non_null(find(events, "X", VM, "running"));
    assert_non_null(find(events, "X", VM, "asleep"));
    assert_non_null(find(events, "X", VCPU_0, "on"));
    assert_non_null(find(events, "X", VCPU_0, "asleep"));
    assert_non_null(find(events, "X", VCPU_1, "off"));
    assert_true(ns_of(find(events, "X", VCPU_0, "cpu-standby"), "dur") >= 2000);
    assert_null(find(events, "X", VCPU_0, "too early"));
    assert_string_equal(text_of(json_object_get(find(events, "i", VM, "wake"), "args"), "what"),
                        "net");
    json_decref(events);
}

/* A host's clock counts from its boot, and a double has no nanoseconds after some weeks. */
static void long_uptime_moves_no_slice(void **state)
{
    const int64_t year = 365 * 24 * 60 * 60 * SECOND;
    struct trace *trace = open_trace("trace");

    (void)state;
    now = 10 * year + 333;
    for (unsigned i = 0; i < 100; i++) {
        trace_vcpu(trace, 0, i % 2 == 0 ? "on" : "off");
        now += 12345679;
    }
    trace_close(trace);
    now = 0;
    json_t *events = read_trace();
    check_slices(events);
    assert_int_equal(ns_of(find(events, "X", VCPU_0, "on"), "ts"), 10 * year);
    json_decref(events);
}

static void flows_are_counters(void **state)
{
    struct trace *trace = open_trace("trace");

    (void)state;
    trace_flow(trace, "disk", "read", UINT64_C(5) << 32, "write", 7);
    trace_close(trace);
    json_t *events = read_trace();
    const json_t *values = json_object_get(find(events, "C", 0, "disk, bytes/s"), "args");
    assert_int_equal(json_integer_value(json_object_get(values, "read")), INT64_C(5) << 32);
    assert_int_equal(json_integer_value(json_object_get(values, "write")), 7);
    json_decref(events);
}

static size_t count_named(const json_t *events, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(events); i++) {
        count += strcmp(text_of(json_array_get(events, i), "name"), name) == 0;
    }
    return count;
}

/* A guest may cause more than anybody wants to read. */
static void flood_is_cut_off_and_counted(void **state)
{
    struct trace *trace = open_trace("trace");

    (void)state;
    now = clock_now_ns();
    for (unsigned i = 0; i < TRACE_RATE + 100; i++) {
        trace_mark(trace, "refused", "denied");
    }
    trace_lost(trace, 11);
    now += SECOND;
    trace_flush(trace);
    trace_mark(trace, "next second", "");
    trace_close(trace);
    now = 0;
    json_t *events = read_trace();
    assert_int_equal(count_named(events, "refused"), TRACE_RATE);
    const json_t *missing = json_object_get(find(events, "i", VM, "events are missing"), "args");
    assert_int_equal(json_integer_value(json_object_get(missing, "count")), 111);
    assert_non_null(find(events, "i", VM, "next second"));
    json_decref(events);
}

/* A guest that falls asleep and wakes all the time causes a flush each time. */
static void flush_lets_no_more_through(void **state)
{
    struct trace *trace = open_trace("trace");

    (void)state;
    now = clock_now_ns() + SECOND;
    for (unsigned i = 0; i < 3 * TRACE_RATE; i++) {
        trace_mark(trace, "wake", "irq");
        trace_flush(trace);
    }
    now += SECOND;
    trace_mark(trace, "wake", "irq");
    trace_flush(trace);
    trace_close(trace);
    now = 0;
    json_t *events = read_trace();
    assert_int_equal(count_named(events, "wake"), TRACE_RATE + 1);
    assert_int_equal(count_named(events, "events are missing"), 1);
    const json_t *missing = json_object_get(find(events, "i", VM, "events are missing"), "args");
    assert_int_equal(json_integer_value(json_object_get(missing, "count")), 2 * TRACE_RATE);
    json_decref(events);
}

static void file_ends_at_its_limit(void **state)
{
    struct capture capture;
    struct stat status;
    char text[200];

    (void)state;
    struct trace *trace = open_trace("trace,max=4K");
    capture_begin(&capture, STDERR_FILENO);
    for (unsigned i = 0; i < 100; i++) {
        trace_mark(trace, "wake", "net");
    }
    trace_close(trace);
    capture_end(&capture, text, sizeof(text));
    assert_string_equal(text, "dormouse: --trace trace: the file has reached its limit; the VM "
                              "continues without a trace\n");
    assert_int_equal(stat("trace", &status), 0);
    assert_in_range(status.st_size, 3500, 4096);
    json_decref(read_trace());
}

static void expect_full(const char *text)
{
    struct stat status;

    assert_string_equal(text, "dormouse: --trace trace: the file has reached its limit; the VM "
                              "continues without a trace\n");
    assert_int_equal(stat("trace", &status), 0);
    assert_in_range(status.st_size, 1000, 4096);
}

/* A state that lasts is not written yet when the limit is reached. */
static void full_trace_has_the_last_states(void **state)
{
    struct capture capture;
    char text[200];

    (void)state;
    struct trace *trace = open_trace("trace,max=4K");
    trace_vm(trace, "running");
    trace_vcpu(trace, 0, "on");
    capture_begin(&capture, STDERR_FILENO);
    for (unsigned i = 0; i < 100; i++) {
        trace_mark(trace, "wake", "net");
    }
    trace_vcpu(trace, 0, "off");
    trace_close(trace);
    capture_end(&capture, text, sizeof(text));
    expect_full(text);
    json_t *events = read_trace();
    assert_non_null(find(events, "X", VM, "running"));
    assert_non_null(find(events, "X", VCPU_0, "on"));
    assert_null(find(events, "X", VCPU_0, "off"));
    assert_null(find(events, "X", VCPU_1, "off"));
    json_decref(events);
}

static void full_trace_of_many_vcpus_can_be_read(void **state)
{
    struct capture capture;
    char text[200];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    trace_close(trace_open("trace,max=4K", "vm", 512));
    capture_end(&capture, text, sizeof(text));
    expect_full(text);
    json_decref(read_trace());
}

static void full_disk_ends_the_trace(void **state)
{
    struct capture capture;
    char text[200];

    (void)state;
    struct trace *trace = open_trace("trace");
    (void)signal(SIGXFSZ, SIG_IGN);
    scratch_limit_files(100);
    capture_begin(&capture, STDERR_FILENO);
    trace_flush(trace);
    trace_mark(trace, "wake", "net");
    trace_close(trace);
    capture_end(&capture, text, sizeof(text));
    scratch_limit_files(RLIM_INFINITY);
    assert_non_null(strstr(text, "; the VM continues without a trace\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

/* What a dormouse that was killed leaves lacks the last bracket only. */
static void file_without_its_end_can_be_read(void **state)
{
    struct trace *trace = open_trace("trace");

    (void)state;
    trace_mark(trace, "wake", "net");
    trace_flush(trace);
    FILE *file = scratch_open("trace", "a");
    fputs("]\n", file);
    fclose(file);
    json_t *events = read_trace();
    assert_non_null(find(events, "i", VM, "wake"));
    json_decref(events);
    trace_close(trace);
}

static void old_file_is_emptied(void **state)
{
    (void)state;
    scratch_write("trace", "old", 3);
    trace_close(open_trace("trace"));
    json_decref(read_trace());
}

static void expect_refused(const char *spec, const char *expected)
{
    struct capture capture;
    char text[200];

    capture_begin(&capture, STDERR_FILENO);
    assert_null(trace_open(spec, "vm", 1));
    capture_end(&capture, text, sizeof(text));
    assert_string_equal(text, expected);
}

static void wrong_places_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0755), 0);
    expect_refused("folder", "dormouse: --trace folder: Is a directory\n");
    expect_refused("none/trace", "dormouse: --trace none/trace: No such file or directory\n");
    expect_refused("/dev/null", "dormouse: --trace /dev/null: not a regular file\n");
    assert_int_equal(rmdir("folder"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tracks_have_names),
        TEST(states_and_naps_are_slices),
        TEST(long_uptime_moves_no_slice),
        TEST(flows_are_counters),
        TEST(flood_is_cut_off_and_counted),
        TEST(flush_lets_no_more_through),
        TEST(file_ends_at_its_limit),
        TEST(full_trace_has_the_last_states),
        TEST(full_trace_of_many_vcpus_can_be_read),
        TEST(full_disk_ends_the_trace),
        TEST(file_without_its_end_can_be_read),
        TEST(old_file_is_emptied),
        TEST(wrong_places_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
