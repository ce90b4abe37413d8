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

/* A line of words, split at blanks; an empty one is written "''". */
static enum option_result parse(const struct option_command *command, struct options *options,
                                char *line)
{
    static char *words[WORDS_MAX];
    int count = 0;
    char *word;

    while ((word = strsep(&line, " ")) != NULL) {
        assert_true(count < WORDS_MAX - 1);
        words[count++] = strcmp(word, "''") == 0 ? word + 2 : word;
    }
    words[count] = NULL;
    return options_parse(command, options, count, words);
}

static void run_takes_its_options(void **state)
{
    char line[] = "--name=a --tap t --junit j --html h --log=l --limit 1 --boot-limit 2 "
                  "--total 1000000 --quiet --pty -- cmd --name b";
    struct options options;

    (void)state;
    assert_int_equal(parse(&options_run, &options, line), OPTION_GOOD);
    assert_string_equal(options.name, "a");
    assert_string_equal(options.tap, "t");
    assert_string_equal(options.junit, "j");
    assert_string_equal(options.html, "h");
    assert_string_equal(options.log, "l");
    assert_int_equal(options.limit, 1);
    assert_int_equal(options.boot_limit, 2);
    assert_int_equal(options.total, 1000000);
    assert_true(options.quiet);
    assert_true(options.pty);
    assert_int_equal(options.rest_count, 3);
    assert_string_equal(options.rest[0], "cmd");
    assert_null(options.rest[3]);
}

static void defaults_are_as_the_help_says(void **state)
{
    char line[] = "cmd -x";
    struct options options;

    (void)state;
    assert_int_equal(parse(&options_run, &options, line), OPTION_GOOD);
    assert_int_equal(options.limit, 60);
    assert_int_equal(options.boot_limit, 60);
    assert_int_equal(options.total, 0);
    assert_false(options.pty);
    assert_int_equal(options.rest_count, 2);
    assert_null(options.name);
}

static void help_has_a_line_an_option(void **state)
{
    char text[4096] = "";
    FILE *file = fmemopen(text, sizeof(text), "w");

    (void)state;
    option_help(&options_run, file);
    (void)fclose(file);
    assert_non_null(strstr(text, "\n  --limit SECONDS       a scenario hangs"));
    assert_non_null(strstr(text, "\n  --quiet               print nothing"));
    assert_non_null(strstr(text, "\n  --help                print this text"));
}

static void report_takes_its_options(void **state)
{
    char line[] = "--html=h --junit j --quiet a.tap b.tap";
    char help[] = "--html h --help";
    struct options options;

    (void)state;
    assert_int_equal(parse(&options_report, &options, line), OPTION_GOOD);
    assert_int_equal(options.rest_count, 2);
    assert_int_equal(parse(&options_report, &options, help), OPTION_HELP);
}

static void check_bad(const struct option_command *command, const char *words,
                      const char *complaint)
{
    struct options options;
    struct capture capture;
    char line[256];
    char said[512];
    enum option_result result;

    assert_true(snprintf(line, sizeof(line), "%s", words) < (int)sizeof(line));
    capture_begin(&capture, STDERR_FILENO);
    result = parse(command, &options, line);
    capture_end(&capture, said, sizeof(said));
    assert_int_equal(result, OPTION_BAD);
    if (strstr(said, complaint) == NULL || strchr(said, '\n') != said + strlen(said) - 1) {
        fail_msg("\"%s\" is not in \"%s\", or it is not one line", complaint, said);
    }
}

static void bad_usage_is_told(void **state)
{
    (void)state;
    check_bad(&options_run, "--", "no command");
    check_bad(&options_run, "--quiet", "no command");
    check_bad(&options_run, "--limit", "--limit needs a value");
    check_bad(&options_run, "--limit 0 x", "--limit 0: not a number of seconds");
    check_bad(&options_run, "--limit 1x x", "not a number of seconds");
    check_bad(&options_run, "--limit -1 x", "not a number of seconds");
    check_bad(&options_run, "--total=1000001 x", "not a number of seconds");
    check_bad(&options_run, "--total=99999999999999999999 x", "not a number of seconds");
    check_bad(&options_run, "--quiet=yes x", "--quiet takes no value");
    check_bad(&options_run, "--wrong x", "--wrong is not an option");
    check_bad(&options_run, "-t x", "-t is not an option");
    check_bad(&options_run, "--tap '' x", "--tap: its value is empty");
    check_bad(&options_run, "--tap - x", "not a file");
    check_bad(&options_run, "--tap a --html a x", "two outputs");
    check_bad(&options_report, "--html x", "no files");
    check_bad(&options_report, "--tap x y", "--tap is not an option");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_takes_its_options),
        cmocka_unit_test(defaults_are_as_the_help_says),
        cmocka_unit_test(help_has_a_line_an_option),
        cmocka_unit_test(report_takes_its_options),
        cmocka_unit_test(bad_usage_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
