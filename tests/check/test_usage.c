/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: options.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../rig/capture.h"
#include "options.h"

enum { WORDS_MAX = 32 };

typedef enum options_result (*parser)(struct options *options, int argc, char *const *argv);

/* A line of words, split at blanks; an empty one is written "''". */
static enum options_result parse(parser parse_words, struct options *options, char *line)
{
    static char *words[WORDS_MAX];
    int count = 0;
    char *word;

    while ((word = strsep(&line, " ")) != NULL) {
        assert_true(count < WORDS_MAX - 1);
        words[count++] = strcmp(word, "''") == 0 ? word + 2 : word;
    }
    words[count] = NULL;
    return parse_words(options, count, words);
}

static void run_takes_its_options(void **state)
{
    char line[] = "--name=a --tap t --junit j --html h --log=l --limit 1 --boot-limit 2 "
                  "--total 1000000 --quiet -- cmd --name b";
    struct options options;

    (void)state;
    assert_int_equal(parse(options_parse_run, &options, line), OPTIONS_GOOD);
    assert_string_equal(options.name, "a");
    assert_string_equal(options.tap, "t");
    assert_string_equal(options.junit, "j");
    assert_string_equal(options.html, "h");
    assert_string_equal(options.log, "l");
    assert_int_equal(options.limit, 1);
    assert_int_equal(options.boot_limit, 2);
    assert_int_equal(options.total, 1000000);
    assert_true(options.quiet);
    assert_int_equal(options.rest_count, 3);
    assert_string_equal(options.rest[0], "cmd");
    assert_null(options.rest[3]);
}

static void defaults_are_as_the_help_says(void **state)
{
    char line[] = "cmd -x";
    struct options options;

    (void)state;
    assert_int_equal(parse(options_parse_run, &options, line), OPTIONS_GOOD);
    assert_int_equal(options.limit, 60);
    assert_int_equal(options.boot_limit, 60);
    assert_int_equal(options.total, 0);
    assert_int_equal(options.rest_count, 2);
    assert_null(options.name);
    assert_non_null(strstr(options_help_run(), "--limit SECONDS       a scenario hangs"));
}

static void report_takes_its_options(void **state)
{
    char line[] = "--html=h --junit j --quiet a.tap b.tap";
    char help[] = "--html h --help";
    struct options options;

    (void)state;
    assert_int_equal(parse(options_parse_report, &options, line), OPTIONS_GOOD);
    assert_int_equal(options.rest_count, 2);
    assert_int_equal(parse(options_parse_report, &options, help), OPTIONS_HELP);
}

static void check_bad(parser parse_words, const char *words, const char *complaint)
{
    struct options options;
    struct capture capture;
    char line[256];
    char said[512];
    enum options_result result;

    assert_true(snprintf(line, sizeof(line), "%s", words) < (int)sizeof(line));
    capture_begin(&capture, STDERR_FILENO);
    result = parse(parse_words, &options, line);
    capture_end(&capture, said, sizeof(said));
    assert_int_equal(result, OPTIONS_BAD);
    if (strstr(said, complaint) == NULL || strchr(said, '\n') != said + strlen(said) - 1) {
        fail_msg("\"%s\" is not in \"%s\", or it is not one line", complaint, said);
    }
}

static void bad_usage_is_told(void **state)
{
    (void)state;
    check_bad(options_parse_run, "--", "which command");
    check_bad(options_parse_run, "--quiet", "which command");
    check_bad(options_parse_run, "--limit", "--limit wants a value");
    check_bad(options_parse_run, "--limit 0 x", "--limit 0: not a number of seconds");
    check_bad(options_parse_run, "--limit 1x x", "not a number of seconds");
    check_bad(options_parse_run, "--limit -1 x", "not a number of seconds");
    check_bad(options_parse_run, "--total=1000001 x", "not a number of seconds");
    check_bad(options_parse_run, "--total=99999999999999999999 x", "not a number of seconds");
    check_bad(options_parse_run, "--quiet=yes x", "--quiet takes no value");
    check_bad(options_parse_run, "--wrong x", "--wrong is not an option");
    check_bad(options_parse_run, "-t x", "-t is not an option");
    check_bad(options_parse_run, "--tap '' x", "--tap: its value is empty");
    check_bad(options_parse_run, "--tap - x", "not a file");
    check_bad(options_parse_run, "--tap a --html a x", "two outputs");
    check_bad(options_parse_report, "--html x", "which files");
    check_bad(options_parse_report, "--tap x y", "--tap is not an option");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_takes_its_options),
        cmocka_unit_test(defaults_are_as_the_help_says),
        cmocka_unit_test(report_takes_its_options),
        cmocka_unit_test(bad_usage_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
