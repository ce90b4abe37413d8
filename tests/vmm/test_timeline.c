/* SPDX-License-Identifier: BSD-2-Clause */
/* The event log in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void timeline_speaks_in_words(void **state)
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
                             "    2.600 s  from-the-future\n");
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

static void timeline_does_not_pass_on_escapes(void **state)
{
    char out[1024];
    char err[1024];

    (void)state;
    write_text("log", "{\"time\":1,\"event\":\"error\",\"message\":\"\\u001b[2Jgone\"}\n");
    assert_int_equal(show("log", out, err, sizeof(out)), 0);
    assert_string_equal(out, "    0.000 s  error: ?[2Jgone\n");
}

static void timeline_of_a_missing_file_is_an_error(void **state)
{
    char out[1024];
    char err[1024];

    (void)state;
    assert_int_equal(show("/nonexistent/log", out, err, sizeof(out)), 1);
    assert_string_equal(
        err, "dormouse: cannot open event log /nonexistent/log: No such file or directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timeline_speaks_in_words, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(timeline_says_which_line_is_wrong, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(timeline_does_not_pass_on_escapes, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test(timeline_of_a_missing_file_is_an_error),
    };

    return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
