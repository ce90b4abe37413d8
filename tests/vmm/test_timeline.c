/* SPDX-License-Identifier: BSD-2-Clause */
/* The event log in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "cli/timeline.h"
#include "scratch.h"

static void write_text(const char *path, const char *text)
{
    scratch_write(path, text, strlen(text));
}

static int show(const char *path, char *out, char *err, size_t size)
{
    struct capture output;
    struct capture errors;

    capture_begin(&output, STDOUT_FILENO);
    capture_begin(&errors, STDERR_FILENO);
    int status = timeline_show(path);
    capture_end(&errors, err, size);
    capture_end(&output, out, size);
    return status;
}

static void timeline_shows_events_in_words(void **state)
{
    char out[1024];
    char err[1024];

    (void)state;
    write_text("log", "{\"time\":1000000000,\"vm\":\"v\",\"event\":\"asleep\",\"vcpu\":0}\n"
                      "{\"time\":3500000000,\"vm\":\"v\",\"event\":\"wake\",\"source\":\"rtc\"}\n"
                      "{\"time\":3600000000,\"vm\":\"v\",\"event\":\"from-the-future\"}\n");
    assert_int_equal(show("log", out, err, sizeof(out)), 0);
    assert_string_equal(out, "    0.000 s  asleep\n"
                             "    2.500 s  woken by rtc\n"
                             "    2.600 s  unknown event from-the-future\n");
    assert_string_equal(err, "");
}

static void timeline_says_which_line_is_wrong(void **state)
{
    char out[1024];
    char err[1024];
    char expected[256];

    (void)state;
    write_text("log", "{\"time\":1,\"event\":\"asleep\"}\nnonsense\n");
    assert_int_equal(show("log", out, err, sizeof(out)), 1);
    snprintf(expected, sizeof(expected), "dormouse: %s: line 2 is not an event of dormouse\n",
             "log");
    assert_string_equal(err, expected);
}

static void expect_message(const char *message, const char *shown)
{
    char text[1024];
    char out[1024];
    char err[1024];

    (void)snprintf(text, sizeof(text), "{\"time\":1,\"event\":\"error\",\"message\":\"%s\"}\n",
                   message);
    write_text("log", text);
    assert_int_equal(show("log", out, err, sizeof(out)), 0);
    (void)snprintf(text, sizeof(text), "    0.000 s  error: %s\n", shown);
    assert_string_equal(out, text);
    (void)snprintf(text, sizeof(text), "{\"time\":1,\"event\":\"%s\"}\n", message);
    write_text("log", text);
    assert_int_equal(show("log", out, err, sizeof(out)), 0);
    (void)snprintf(text, sizeof(text), "    0.000 s  unknown event %s\n", shown);
    assert_string_equal(out, text);
}

#define BAD "\xef\xbf\xbd"

/* Nothing in a log can control the terminal, or change the direction of its text. */
static void timeline_replaces_control_characters(void **state)
{
    (void)state;
    expect_message("\\u001b[2Jgone", BAD "[2Jgone");
    expect_message("\xc2\x9b"
                   "31mEVIL",
                   BAD BAD "31mEVIL");
    expect_message("\\u009d0;title\\u0007", BAD BAD "0;title" BAD);
    expect_message("a\xe2\x80\xae"
                   "b\\u2066c",
                   "a" BAD BAD BAD "b" BAD BAD BAD "c");
    expect_message("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}

/* What is not UTF-8 is not JSON. */
static void timeline_refuses_bytes_that_are_not_text(void **state)
{
    char out[1024];
    char err[1024];

    (void)state;
    write_text("log", "{\"time\":1,\"event\":\"\xff\"}\n{\"time\":2,\"event\":\"asleep\"}\n\xc3\n");
    assert_int_equal(show("log", out, err, sizeof(out)), 1);
    assert_string_equal(out, "    0.000 s  asleep\n");
    assert_string_equal(err, "dormouse: log: line 1 is not an event of dormouse\n"
                             "dormouse: log: 2 lines are not events of dormouse\n");
}

static void timeline_accepts_any_two_times(void **state)
{
    char out[1024];
    char err[1024];

    (void)state;
    write_text("log", "{\"time\":-9223372036854775808,\"event\":\"asleep\"}\n"
                      "{\"time\":9223372036854775807,\"event\":\"asleep\"}\n");
    assert_int_equal(show("log", out, err, sizeof(out)), 0);
    assert_string_equal(out, "    0.000 s  asleep\n18446744073.710 s  asleep\n");
}

/* 64 MiB, which must not be kept in memory. */
static void timeline_refuses_an_endless_line(void **state)
{
    static char block[1 << 20];
    char out[1024];
    char err[1024];
    struct rlimit limit;
    struct rlimit small;

    (void)state;
    memset(block, 'x', sizeof(block));
    FILE *file = scratch_open("log", "w");
    assert_true(fputs("{\"time\":1,\"event\":\"asleep\"}\n", file) >= 0);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(fwrite(block, 1, sizeof(block), file), sizeof(block));
    }
    assert_true(fputs("\n{\"time\":1,\"event\":\"asleep\"}\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(getrlimit(RLIMIT_DATA, &limit), 0);
    small = limit;
    small.rlim_cur = 32u << 20;
    assert_int_equal(setrlimit(RLIMIT_DATA, &small), 0);
    int status = show("log", out, err, sizeof(out));
    assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
    assert_int_equal(status, 1);
    assert_string_equal(out, "    0.000 s  asleep\n    0.000 s  asleep\n");
    assert_string_equal(err, "dormouse: log: line 2 is too long for an event of dormouse\n");
}

/* The result of logrotate's copytruncate if the writer does not append. */
static void timeline_skips_a_hole(void **state)
{
    static const char event[] = "{\"time\":1,\"event\":\"asleep\"}\n";
    char out[1024];
    char err[1024];

    (void)state;
    FILE *file = scratch_open("log", "w");
    assert_int_equal(fseek(file, 100000, SEEK_SET), 0);
    assert_true(fputs(event, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(show("log", out, err, sizeof(out)), 0);
    assert_string_equal(out, "    0.000 s  asleep\n");
    assert_string_equal(err, "dormouse: log: skipped a hole of 100000 bytes before line 1\n");
}

/* A restarted dormouse continues in the same file, perhaps after a reboot of the host. */
static void timeline_shows_several_runs(void **state)
{
    char out[1024];
    char err[1024];

    (void)state;
    write_text("log", "{\"time\":5000000000,\"event\":\"boot\",\"boot\":1,\"cpus\":1}\n"
                      "{\"time\":6000000000,\"event\":\"boot\",\"boot\":2,\"cpus\":1}\n"
                      "{\"time\":3000000000,\"event\":\"boot\",\"boot\":1,\"cpus\":1}\n"
                      "{\"time\":3500000000,\"event\":\"asleep\"}\n");
    assert_int_equal(show("log", out, err, sizeof(out)), 0);
    assert_string_equal(out, "    0.000 s  boot 1: vCPUs 1, PSCI ?, SYSTEM_SUSPEND ?\n"
                             "    1.000 s  boot 2: vCPUs 1, PSCI ?, SYSTEM_SUSPEND ?\n"
                             "\n"
                             "    0.000 s  boot 1: vCPUs 1, PSCI ?, SYSTEM_SUSPEND ?\n"
                             "    0.500 s  asleep\n");
}

static void timeline_of_a_missing_file_is_an_error(void **state)
{
    char out[1024];
    char err[1024];

    (void)state;
    assert_int_equal(show("/nonexistent/log", out, err, sizeof(out)), 1);
    assert_string_equal(
        err, "dormouse: cannot open event log /nonexistent/log: No such file or directory\n");
    assert_int_equal(show("", out, err, sizeof(out)), 1);
    assert_string_equal(err, "dormouse: cannot open event log '': No such file or directory\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timeline_shows_events_in_words, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(timeline_says_which_line_is_wrong, scratch_enter,
                                        scratch_leave),
        TEST(timeline_replaces_control_characters),
        TEST(timeline_refuses_bytes_that_are_not_text),
        TEST(timeline_accepts_any_two_times),
        TEST(timeline_refuses_an_endless_line),
        TEST(timeline_skips_a_hole),
        TEST(timeline_shows_several_runs),
        cmocka_unit_test(timeline_of_a_missing_file_is_an_error),
    };

    return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
