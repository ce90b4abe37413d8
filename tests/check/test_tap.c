/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../rig/capture.h"
#include "must.h"
#include "tap_read.h"
#include "tap_write.h"

/* What an own run looks like, with all that there can be in it. */
static const char whole[] =
    "TAP version 14\n1..5\n# run A \"name\" # x\n# date 2026-11-23\n# command qemu -append 'a b'\n"
    "# machine: cpus 4, conduit HVC\n# server: PSCI 1.3, quirk\n"
    "# family: cpu-on\nok 1 - one \\# and \\\\two\n"
    "# characteristic: key: value\n# characteristic: key: other\n"
    "not ok 2 - two\n  ---\n  message: \"say \\\"so\\\" \\\\ \xc3\xa4\"\n  clause: \"5.6\"\n"
    "  severity: \"hang\"\n  consequence: \"none\"\n  ...\n# often: 3 of 10\n"
    "# family: race\nok 3 - three # SKIP because # of it\n# family: \nnot ok 5 - five\n  ---\n  "
    "...\n"
    "# note it was late\n# passed 1, failed 2, skipped 1\nBail out! it stopped\n";

static bool read_text(struct results *results, const char *text, const char *path)
{
    char *copy = must_copy(text);
    FILE *file = fmemopen(copy, strlen(copy), "r");
    bool good;

    assert_non_null(file);
    good = tap_read(results, file, path);
    (void)fclose(file);
    free(copy);
    return good;
}

static char *write_text(const struct run *run)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    tap_write(file, run);
    (void)fclose(file);
    return text;
}

static void what_is_written_is_read_back(void **state)
{
    struct results results = {0};
    char *text;

    (void)state;
    assert_true(read_text(&results, whole, "x.tap"));
    assert_int_equal(results.count, 1);
    assert_string_equal(results.runs[0].name, "A \"name\" # x");
    assert_string_equal(results.runs[0].points[0].name, "one # and \\two");
    assert_string_equal(results.runs[0].points[2].reason, "because # of it");
    assert_string_equal(results.runs[0].incomplete, "it stopped");
    assert_int_equal(run_verdict(&results.runs[0], 4), VERDICT_NONE);
    assert_string_equal(results.runs[0].points[1].family, "cpu-on");
    assert_string_equal(results.runs[0].points[2].family, "race");
    assert_null(results.runs[0].points[4].family);
    text = write_text(&results.runs[0]);
    assert_string_equal(text, whole);
    free(text);
    results_free(&results);
}

/* All that has to be escaped, in all places, twice through. */
static void no_text_gets_lost_on_the_way(void **state)
{
    static const char odd[] = "\"\\ # SKIP \\# ... --- <&> \xe2\x80\x9c: ";
    struct results results = {0};
    struct results again = {0};
    struct run *run = results_add(&results);
    struct point *point = run_point(run, 1, VERDICT_FAILED, odd, strlen(odd));
    char *text;
    char *second;

    (void)state;
    run->has_plan = true;
    run->planned = 1;
    results_set(&run->name, odd, strlen(odd));
    results_set(&point->message, odd, strlen(odd));
    results_set(&point->consequence, odd, strlen(odd));
    facts_add(&point->characteristics, 1, "key", 3, odd);
    text = write_text(run);
    assert_true(read_text(&again, text, "x"));
    assert_string_equal(again.runs[0].name, run->name);
    assert_string_equal(again.runs[0].points[0].name, run->points[0].name);
    assert_string_equal(again.runs[0].points[0].message, run->points[0].message);
    second = write_text(&again.runs[0]);
    assert_string_equal(text, second);
    free(text);
    free(second);
    results_free(&results);
    results_free(&again);
}

static void each_subtest_is_a_run(void **state)
{
    struct results results = {0};

    (void)state;
    assert_true(read_text(&results,
                          "TAP version 14\n1..3\n# Subtest: osi\n    ok 1 - a\n"
                          "    # characteristic: k: v\n    not ok 2 - b\n      ---\n"
                          "      message: \"m\"\n      ...\n    1..2\nnot ok 1 - osi\n"
                          "# Subtest: asks\n    ok 1 - a\n    1..1\nok 2 - asks\n"
                          "# Subtest: odd\n    ok 1 - a\n    1..1\nnot ok 3 - odd\n",
                          "all.tap"));
    assert_int_equal(results.count, 3);
    assert_string_equal(results.runs[0].name, "osi");
    assert_string_equal(results.runs[0].points[1].message, "m");
    assert_int_equal(results.runs[0].points[0].characteristics.count, 1);
    assert_null(results.runs[0].incomplete);
    assert_null(results.runs[1].incomplete);
    assert_non_null(results.runs[2].incomplete); /* It failed, and nothing in it did. */
    results_free(&results);
}

static void names_come_from_the_file_and_differ(void **state)
{
    struct results results = {0};

    (void)state;
    assert_true(read_text(&results, "TAP version 14\n1..1\nok\n", "/a/b.tap"));
    assert_true(read_text(&results, "TAP version 14\n1..1\nok 1\n", "b.tap"));
    assert_true(read_text(&results, "TAP version 13\n1..1\nok 1 - x\n", "b"));
    results_name(&results);
    assert_string_equal(results.runs[0].name, "b");
    assert_string_equal(results.runs[1].name, "b (2)");
    assert_string_equal(results.runs[2].name, "b (3)");
    assert_int_equal(results_status(&results), 0);
    results_free(&results);
}

static void document_that_ends_early_is_incomplete(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } documents[] = {
        {"TAP version 14\n1..2\nok 1 - a\n", "1 of 2 scenarios have no result"},
        {"TAP version 14\nok 1 - a\n",
         "there is no plan: how many scenarios there are was not said"},
        {"TAP version 14\n", "there is no plan: how many scenarios there are was not said"},
        {"TAP version 14\n1..1\nok 1 - a\nBail out!", "it was given up"},
        {"TAP version 14\n1..2\n# Subtest: x\n    1..1\n    ok 1 - a\nok 1 - x\n",
         "the document ends after 1 of 2 runs"},
        {"TAP version 14\n1..1\n# Subtest: x\n    1..2\n    ok 1 - a\n",
         "1 of 2 scenarios have no result"},
        {"TAP version 14\n1..1\n# Subtest: x\n    1..1\n    ok 1 - a\nBail out! gone", " gone"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        struct results results = {0};
        const char *why = documents[i].why + (documents[i].why[0] == ' ');

        assert_true(read_text(&results, documents[i].text, "x"));
        assert_int_equal(results.count, 1);
        assert_non_null(results.runs[0].incomplete);
        assert_string_equal(results.runs[0].incomplete, why);
        assert_int_equal(results_status(&results), 3);
        results_free(&results);
    }
}

static void check_refused(const char *text, const char *words)
{
    struct results results = {0};
    struct capture capture;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    bool good = read_text(&results, text, "bad.tap");
    capture_end(&capture, said, sizeof(said));
    assert_false(good);
    assert_non_null(strstr(said, ": bad.tap"));
    if (strstr(said, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, said);
    }
    results_free(&results);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    check_refused("ok 1 - a\n", ":1: this is no TAP");
    check_refused("# only comments\n", "this is no TAP");
    check_refused("\x7f"
                  "ELF\x01\n",
                  ":1: this is no TAP");
    check_refused("TAP version 12\n", ":1: this is no TAP");
    check_refused("TAP version 14\n1..2\n1..2\n", ":3: a second plan");
    check_refused("TAP version 14\n1..0\n", ":2: a plan of 0");
    check_refused("TAP version 14\n1..9999\n", ":2: a plan of 9999");
    check_refused("TAP version 14\nok 1\nok 1\n", ":3: a second point 1");
    check_refused("TAP version 14\n1..1\nok 2\n", ":3: point 2, where there can be 1");
    check_refused("TAP version 14\nok 2\n1..1\n", ":3: a plan of 1 behind point 2");
    check_refused("TAP version 14\nok 1\n# Subtest: x\n", ":3: a subtest beside points");
    check_refused("TAP version 14\n# Subtest: x\nok 1 - x\nok 2 - y\n", ":4: a point beside");
    check_refused("TAP version 14\n1..1\nok 1\nTAP version 14\n", ":4: a second document");
}

static void endless_line_is_refused(void **state)
{
    char *text = must_alloc(40000, 1);

    (void)state;
    (void)snprintf(text, 40000, "TAP version 14\n%039000d", 0);
    check_refused(text, ":2: a line of more than");
    free(text);
}

static void runs_are_bounded(void **state)
{
    struct results results = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    (void)state;
    (void)fputs("TAP version 14\n", file);
    for (int i = 0; i <= RUN_MAX; i++) {
        (void)fprintf(file, "# Subtest: %d\n    1..1\n    ok 1 - a\nok %d - %d\n", i, i + 1, i);
    }
    (void)fclose(file);
    check_refused(text, "more than 256 runs");
    free(text);
    results_free(&results);
}

static void facts_are_bounded_and_each_there_once(void **state)
{
    struct results results = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    (void)state;
    (void)fputs("TAP version 14\n1..1\nok 1 - a\n", file);
    for (int i = 0; i < 500; i++) {
        (void)fprintf(file,
                      "# machine: key %d, key %d\n# server: same thing\n"
                      "# characteristic: key: %d\n# note note %d\n",
                      i, i, i, i);
    }
    (void)fclose(file);
    assert_true(read_text(&results, text, "x"));
    assert_int_equal(results.runs[0].machine.count, FACT_MAX);
    assert_int_equal(results.runs[0].server.count, 1);
    assert_int_equal(results.runs[0].notes.count, FACT_MAX);
    assert_int_equal(results.runs[0].points[0].characteristics.count, CHARACTERISTIC_MAX);
    free(text);
    results_free(&results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(no_text_gets_lost_on_the_way),
        cmocka_unit_test(each_subtest_is_a_run),
        cmocka_unit_test(names_come_from_the_file_and_differ),
        cmocka_unit_test(document_that_ends_early_is_incomplete),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(endless_line_is_refused),
        cmocka_unit_test(runs_are_bounded),
        cmocka_unit_test(facts_are_bounded_and_each_there_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
