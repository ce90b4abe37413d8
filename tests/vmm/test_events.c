/* SPDX-License-Identifier: BSD-2-Clause */
/* The event log. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "capture.h"
#include "control/events.h"
#include "control/news.h"
#include "scratch.h"

static void read_all(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t length = read(fd, text, size - 1);

    assert_true(length >= 0);
    text[length] = '\0';
    close(fd);
}

static json_t *line_of(const char *text, unsigned number)
{
    while (number-- > 0) {
        text = strchr(text, '\n');
        assert_non_null(text);
        text++;
    }
    json_t *object = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(object);
    return object;
}

static void event_is_one_json_line(void **state)
{
    struct events *events = events_open("log", "vm-1");
    char text[1024];

    (void)state;
    events_emit(events, "wake", "s:i, s:s", "vcpu", 2, "source", "rtc");
    events_close(events);
    read_all("log", text, sizeof(text));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_t *event = line_of(text, 0);
    assert_true(json_integer_value(json_object_get(event, "time")) > 0);
    assert_string_equal(json_string_value(json_object_get(event, "vm")), "vm-1");
    assert_string_equal(json_string_value(json_object_get(event, "event")), "wake");
    assert_int_equal(json_integer_value(json_object_get(event, "vcpu")), 2);
    assert_string_equal(json_string_value(json_object_get(event, "source")), "rtc");
    json_decref(event);
}

static void addresses_keep_all_their_bits(void **state)
{
    struct events *events = events_open("log", "vm");
    const struct suspend_call call = {.entry = {0x40200000}, .context = UINT64_MAX - 1};
    char text[1024];

    (void)state;
    news_power(events, &(struct power_news){.kind = POWER_NEWS_SUSPEND_REQUEST, .call = &call});
    events_close(events);
    read_all("log", text, sizeof(text));
    json_t *event = line_of(text, 0);
    assert_string_equal(json_string_value(json_object_get(event, "entry")), "0x40200000");
    assert_string_equal(json_string_value(json_object_get(event, "context")), "0xfffffffffffffffe");
    assert_int_equal(json_integer_value(json_object_get(event, "width")), 64);
    json_decref(event);
}

static void no_log_is_no_error(void **state)
{
    (void)state;
    events_emit(NULL, "boot", "s:i", "boot", 1);
    events_close(NULL);
}

static void unwritable_log_is_reported(void **state)
{
    struct capture capture;
    char said[256];

    (void)state;
    capture_begin(&capture, STDERR_FILENO);
    struct events *events = events_open("/nonexistent/log", "vm");
    capture_end(&capture, said, sizeof(said));
    assert_null(events);
    assert_string_equal(
        said, "dormouse: cannot open event log /nonexistent/log: No such file or directory\n");
}

static void fifo_without_a_reader_does_not_hang(void **state)
{
    struct capture capture;
    char said[256];
    char expected[256];

    (void)state;
    assert_int_equal(mkfifo("log", 0600), 0);
    capture_begin(&capture, STDERR_FILENO);
    assert_null(events_open("log", "vm"));
    capture_end(&capture, said, sizeof(said));
    snprintf(
        expected, sizeof(expected),
        "dormouse: cannot open event log %s: no process reads this FIFO; start the reader first\n",
        "log");
    assert_string_equal(said, expected);
}

static void set_file_limit(rlim_t limit)
{
    struct rlimit size;

    getrlimit(RLIMIT_FSIZE, &size);
    size.rlim_cur = limit;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &size), 0);
}

/* A limit on the file's size acts like a full disk: one line fits in part, the next not at all. */
static void full_disk_loses_whole_lines_and_is_reported_once(void **state)
{
    struct events *events = events_open("log", "vm");
    struct capture capture;
    char text[1024];
    char said[512];
    struct stat status;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    events_emit(events, "boot", "s:i", "boot", 1);
    assert_int_equal(stat("log", &status), 0);
    capture_begin(&capture, STDERR_FILENO);
    set_file_limit((rlim_t)status.st_size + 10);
    events_emit(events, "asleep", "s:i", "vcpu", 0);
    events_emit(events, "wake", "s:i", "vcpu", 0);
    set_file_limit(RLIM_INFINITY);
    capture_end(&capture, said, sizeof(said));
    events_emit(events, "resumed", "s:i", "vcpu", 0);
    events_close(events);

    assert_non_null(
        strstr(said, "cannot write to event log log: File too large; the VM continues"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    read_all("log", text, sizeof(text));
    json_t *lost = line_of(text, 1);
    assert_string_equal(json_string_value(json_object_get(lost, "event")), "events-lost");
    assert_int_equal(json_integer_value(json_object_get(lost, "count")), 2);
    json_t *last = line_of(text, 2);
    assert_string_equal(json_string_value(json_object_get(last, "event")), "resumed");
    json_decref(lost);
    json_decref(last);
}

static void expect_names(const char *path, const char *expected)
{
    char text[4096];
    char names[256] = "";
    const char *line = text;

    read_all(path, text, sizeof(text));
    while (*line != '\0') {
        json_t *event = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        const char *name = json_string_value(json_object_get(event, "event"));

        (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                       names[0] == '\0' ? "" : " ", name != NULL ? name : "?");
        json_decref(event);
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(names, expected);
}

/* A restart keeps the old log, and an incomplete line in it does not spoil the next one. */
static void log_is_appended_to(void **state)
{
    (void)state;
    scratch_write("log", "{\"event\":\"off\"}\n{\"eve", 21);
    struct events *events = events_open("log", "vm");
    events_emit(events, "boot", "s:i", "boot", 1);
    events_close(events);
    events = events_open("log", "vm");
    events_emit(events, "boot", "s:i", "boot", 1);
    events_close(events);
    expect_names("log", "off ? boot boot");
}

static void log_is_reopened(void **state)
{
    struct events *events = events_open("log", "vm");
    struct capture capture;
    char said[256];

    (void)state;
    events_emit(events, "boot", "s:i", "boot", 1);
    assert_int_equal(rename("log", "log.old"), 0);
    events_emit(events, "asleep", "s:i", "vcpu", 0);
    assert_true(events_reopen(events));
    events_emit(events, "off", "s:i", "vcpu", 0);
    expect_names("log.old", "boot asleep");
    expect_names("log", "off");
    assert_int_equal(unlink("log"), 0);
    assert_int_equal(mkfifo("log", 0600), 0);
    capture_begin(&capture, STDERR_FILENO);
    assert_false(events_reopen(events));
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said,
                        "dormouse: cannot reopen event log log: no process reads this FIFO; start "
                        "the reader first; the old file stays in use\n");
    assert_true(events_reopen(NULL));
    events_close(events);
}

/* The writer does not wait: lost events are counted, reported once, and marked in the log. */
static void slow_reader_loses_events(void **state)
{
    static char text[1 << 20];
    struct capture capture;
    char said[1024];

    (void)state;
    assert_int_equal(mkfifo("log", 0600), 0);
    int reader = open("log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct events *events = events_open("log", "vm");
    assert_non_null(events);
    capture_begin(&capture, STDERR_FILENO);
    for (unsigned i = 0; i < 5000; i++) {
        events_emit(events, "vcpu-on", "s:i", "vcpu", 1);
    }
    capture_end(&capture, said, sizeof(said));
    assert_string_equal(said,
                        "dormouse: cannot write to event log log: its reader is too slow; the "
                        "VM continues, and events are missing from here on\n");
    ssize_t length = read(reader, text, sizeof(text) - 1);
    assert_true(length > 0 && text[length - 1] == '\n');
    unsigned lines = 0;
    for (ssize_t i = 0; i < length; i++) {
        lines += text[i] == '\n';
    }
    events_emit(events, "off", "s:i", "vcpu", 0);
    length = read(reader, text, sizeof(text) - 1);
    assert_true(length > 0);
    text[length] = '\0';
    json_t *lost = line_of(text, 0);
    assert_string_equal(json_string_value(json_object_get(lost, "event")), "events-lost");
    assert_int_equal(json_integer_value(json_object_get(lost, "count")), 5000 - lines);
    json_decref(lost);
    json_t *last = line_of(text, 1);
    assert_string_equal(json_string_value(json_object_get(last, "event")), "off");
    json_decref(last);
    events_close(events);
    close(reader);
}

static const struct row {
    const char *event;
    const char *fields;
} rows[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words) {event, fields},
#define TOLD(event, fields, qmp, qmp_fields, colour, words)       {event, fields},
#include "power/news.def"
};

static const struct row *row_of(const char *event)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].event, event) == 0) {
            return &rows[i];
        }
    }
    fail_msg("%s is not in news.def", event);
    return NULL;
}

/* The event has exactly the members of its row. */
static void expect_fields_of_row(const json_t *event)
{
    const struct row *row = row_of(json_string_value(json_object_get(event, "event")));
    char fields[128];
    char *rest = NULL;
    size_t count = strlen("TVE"); /* time, vm and event are in all events */

    (void)snprintf(fields, sizeof(fields), "%s", row->fields);
    for (char *name = strtok_r(fields, "? ", &rest); name != NULL;
         name = strtok_r(NULL, "? ", &rest)) {
        if (json_object_get(event, name) == NULL) {
            fail_msg("%s has no member %s", row->event, name);
        }
        count++;
    }
    assert_int_equal(json_object_size(event), count);
}

static void tell_all(struct events *events)
{
    static const enum power_news_kind kinds[] = {
#define NEWS(kind, event, fields, qmp, qmp_fields, colour, words) POWER_NEWS_##kind,
#define TOLD(event, fields, qmp, qmp_fields, colour, words)
#include "power/news.def"
    };
    static const struct suspend_call call = {.entry = {0x40200000}};

    news_boot(events, &(struct news_boot){.count = 1, .psci_mode = "user", .on_suspend = "honour"});
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        news_power(events, &(struct power_news){.kind = kinds[i],
                                                .call = &call,
                                                .reason = "why",
                                                .way = "key",
                                                .file = "vm.image",
                                                .device = "disk0",
                                                .operation = "write",
                                                .source = WAKE_RTC,
                                                .has_type = true});
    }
    news_idle(events, 0, "cpu-standby", 1);
    news_balloon(events, 1);
    news_quit(events, "why");
    news_error(events, "what");
}

/* All but events-lost, which other tests check. */
static void events_have_the_fields_of_their_rows(void **state)
{
    char text[8192];
    size_t lines = 0;

    (void)state;
    struct events *events = events_open("log", "vm");
    tell_all(events);
    events_close(events);
    read_all("log", text, sizeof(text));
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        json_t *event = line_of(line, 0);

        expect_fields_of_row(event);
        json_decref(event);
        lines++;
    }
    assert_int_equal(lines, sizeof(rows) / sizeof(rows[0]) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(event_is_one_json_line, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(addresses_keep_all_their_bits, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test(no_log_is_no_error),
        cmocka_unit_test(unwritable_log_is_reported),
        cmocka_unit_test_setup_teardown(fifo_without_a_reader_does_not_hang, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(full_disk_loses_whole_lines_and_is_reported_once,
                                        scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(log_is_appended_to, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(log_is_reopened, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(slow_reader_loses_events, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(events_have_the_fields_of_their_rows, scratch_enter,
                                        scratch_leave),
    };

    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
