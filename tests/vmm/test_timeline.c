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

/* Draws `log`, and gives the picture back. */
static char *draw(enum drawing_form form, int expected, char *err, size_t size)
{
    struct capture errors;
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    int saved = dup(STDOUT_FILENO);

    assert_non_null(freopen("picture", "w", stdout));
    capture_begin(&errors, STDERR_FILENO);
    assert_int_equal(timeline_draw("log", form), expected);
    capture_end(&errors, err, size);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    FILE *picture = scratch_open("picture", "r");
    for (int byte = getc(picture); byte != EOF; byte = getc(picture)) {
        putc(byte, file);
    }
    fclose(picture);
    fclose(file);
    return text;
}

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;

    for (; (text = strstr(text, part)) != NULL; text++) {
        count++;
    }
    return count;
}

/* A night: two vCPUs, ten hours of sleep, a wake by a packet, a pause. */
#define NIGHT                                                                                      \
    "{\"time\":5000000000,\"event\":\"boot\",\"boot\":1,\"cpus\":2}\n"                             \
    "{\"time\":5000000000,\"event\":\"vcpu-on\",\"vcpu\":0}\n"                                     \
    "{\"time\":6000000000,\"event\":\"vcpu-on\",\"vcpu\":1}\n"                                     \
    "{\"time\":65000000000,\"event\":\"vcpu-off\",\"vcpu\":1}\n"                                   \
    "{\"time\":65000000000,\"event\":\"asleep\",\"vcpu\":0}\n"                                     \
    "{\"time\":36065000000000,\"event\":\"wake\",\"source\":\"net<&\"}\n"                          \
    "{\"time\":36065000000000,\"event\":\"resumed\",\"vcpu\":0}\n"                                 \
    "{\"time\":36100000000000,\"event\":\"paused\"}\n"                                             \
    "{\"time\":36110000000000,\"event\":\"continued\"}\n"                                          \
    "{\"time\":36120000000000,\"event\":\"off\",\"vcpu\":0}\n"

static void night_is_drawn(void **state)
{
    char err[256];

    (void)state;
    write_text("log", NIGHT);
    char *text = draw(DRAWING_SVG, 0, err, sizeof(err));
    assert_string_equal(err, "");
    assert_memory_equal(text, "<svg ", 5);
    assert_non_null(strstr(text, "<title>asleep from 0:01:00, for 36000.000 s</title>"));
    assert_non_null(strstr(text, "<title>paused from 10:01:35, for 10.000 s</title>"));
    assert_non_null(strstr(text, "<title>woken by net&lt;&amp; at 10:01:00</title>"));
    assert_int_equal(count_of(text, "<title>asleep"), 2); /* the VM, and the vCPU that slept */
    assert_int_equal(count_of(text, ">vCPU "), 2);
    assert_non_null(strstr(text, ">10:00:00</text>")); /* the axis */
    free(text);
}

static void page_has_the_picture(void **state)
{
    char err[256];

    (void)state;
    write_text("log", NIGHT);
    char *text = draw(DRAWING_HTML, 0, err, sizeof(err));
    assert_memory_equal(text, "<!DOCTYPE html>", 15);
    assert_int_equal(count_of(text, "<svg "), 1);
    assert_int_equal(count_of(text, "</svg>\n</body></html>\n"), 1);
    free(text);
}

/* The host's clock begins at zero: what was before is of another time. */
static void picture_begins_with_the_hosts_clock(void **state)
{
    char err[256];

    (void)state;
    write_text("log", NIGHT "{\"time\":1000000000,\"event\":\"boot\",\"boot\":1,\"cpus\":1}\n"
                            "{\"time\":4000000000,\"event\":\"asleep\",\"vcpu\":0}\n"
                            "{\"time\":9000000000,\"event\":\"quit\",\"reason\":\"x\"}\n");
    char *text = draw(DRAWING_SVG, 0, err, sizeof(err));
    assert_non_null(strstr(text, "<title>asleep from 3.0 s, for 5.000 s</title>"));
    assert_null(strstr(text, "36000.000"));
    free(text);
}

static void hostile_logs_are_drawn(void **state)
{
    char err[256];

    (void)state;
    write_text("log",
               "{\"time\":-9223372036854775807,\"event\":\"boot\",\"boot\":1,\"cpus\":99999}\n"
               "{\"time\":9223372036854775807,\"event\":\"vcpu-on\",\"vcpu\":-1}\n"
               "{\"time\":9223372036854775807,\"event\":\"vcpu-on\",\"vcpu\":512}\n"
               "{\"time\":9223372036854775807,\"event\":\"wake\",\"source\":5}\n"
               "{\"time\":9223372036854775807,\"event\":\"vcpu-on\",\"vcpu\":\"x\"}\n");
    char *text = draw(DRAWING_SVG, 0, err, sizeof(err));
    assert_non_null(strstr(text, "</svg>"));
    free(text);
    write_text("log", "");
    text = draw(DRAWING_SVG, 0, err, sizeof(err));
    assert_non_null(strstr(text, "</svg>"));
    free(text);
}

static void picture_has_a_limit(void **state)
{
    FILE *log = scratch_open("log", "w");
    char err[256];

    (void)state;
    for (unsigned i = 0; i < DRAWING_MARKS_MAX + 3; i++) {
        fprintf(log, "{\"time\":%u,\"event\":\"wake\",\"source\":\"irq\"}\n", i);
    }
    fclose(log);
    char *text = draw(DRAWING_SVG, 1, err, sizeof(err));
    assert_string_equal(err, "dormouse: log: too long for one picture: 3 events are not drawn\n");
    assert_int_equal(count_of(text, "<title>woken by irq"), DRAWING_MARKS_MAX);
    free(text);
}

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
        cmocka_unit_test_setup_teardown(night_is_drawn, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(page_has_the_picture, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(picture_begins_with_the_hosts_clock, scratch_enter,
                                        scratch_leave),
        cmocka_unit_test_setup_teardown(hostile_logs_are_drawn, scratch_enter, scratch_leave),
        cmocka_unit_test_setup_teardown(picture_has_a_limit, scratch_enter, scratch_leave),
    };

    return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
