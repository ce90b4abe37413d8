/* SPDX-License-Identifier: BSD-2-Clause */
/* JUnit XML and the HTML page, of models made by hand. tests/check/ends.sh has them parsed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "html.h"
#include "junit.h"
#include "must.h"
#include "results.h"

static void set(char **text, const char *words)
{
    results_set(text, words, strlen(words));
}

static struct run *add_run(struct results *results, const char *name, unsigned planned)
{
    struct run *run = results_add(results);

    set(&run->name, name);
    run->has_plan = true;
    run->planned = planned;
    return run;
}

static struct point *add_point(struct run *run, enum verdict verdict, const char *name)
{
    return run_point(run, run->point_count + 1, verdict, name, strlen(name));
}

static void fail_point(struct run *run, const char *name, const char *severity, const char *message)
{
    struct point *point = add_point(run, VERDICT_FAILED, name);

    set(&point->message, message);
    set(&point->clause, "5.6 <CPU_ON>");
    set(&point->consequence, "a guest & its CPU");
    if (severity != NULL) {
        set(&point->severity, severity);
    }
}

static void add_choice(struct run *run, const char *key, const char *value)
{
    facts_add(&run->points[run->point_count - 1].characteristics, CHARACTERISTIC_MAX, key,
              strlen(key), value);
}

static char *written(const struct results *results, void (*write)(FILE *, const struct results *))
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    write(file, results);
    (void)fclose(file);
    char *copy = must_copy(text);
    free(text);
    return copy;
}

static void expect(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", words, text);
    }
}

/* Each is there, behind those before it. */
static void expect_order(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(text, words[i]);

        if (found == NULL) {
            fail_msg("\"%s\" is not there, or too early", words[i]);
            return;
        }
        text = found;
    }
}

static void junit_has_everything(void **state)
{
    struct results results = {0};
    struct run *run = add_run(&results, "Xen & \"co\"", 4);
    char *text;

    (void)state;
    facts_add(&run->machine, 1, "cpus", 4, "4");
    set(&add_point(run, VERDICT_PASSED, "cpu-on-starts")->family, "cpu-on");
    add_choice(run, "bit 16 of an ID", "<ignored>");
    fail_point(run, "race-cpu-on", "lost CPU", "two 'SUCCESS'");
    set(&add_point(run, VERDICT_SKIPPED, "stat-count")->reason, "no \"STAT\"");
    run_stop(run, "it <stopped>");
    text = written(&results, junit_write);
    expect(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vpsci-check\" "
                 "tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\">\n");
    expect(text, "<testsuite name=\"Xen &amp; &quot;co&quot;\" tests=\"4\" failures=\"1\" "
                 "errors=\"1\" skipped=\"1\">");
    expect(text, "<property name=\"machine.cpus\" value=\"4\"/>");
    expect(text, "<property name=\"characteristic.bit 16 of an ID\" value=\"&lt;ignored&gt;\"/>");
    expect(text, "<testcase classname=\"psci.cpu-on\" name=\"cpu-on-starts\"></testcase>");
    expect(text, "<testcase classname=\"psci.race\" name=\"race-cpu-on\">\n      <failure "
                 "message=\"two &#39;SUCCESS&#39;\" type=\"lost CPU\">");
    expect(text, "clause: 5.6 &lt;CPU_ON&gt;\n");
    expect(text, "<skipped message=\"no &quot;STAT&quot;\"/>");
    expect(text, "<error message=\"it &lt;stopped&gt;\"/>");
    free(text);
    results_free(&results);
}

static void page_has_the_gravest_failure_first(void **state)
{
    static const char *const order[] = {
        "id=\"failures\"",
        "class=\"major\"",
        "d-boot",
        "e-corrupted",
        "c-hang",
        "b-cpu",
        "f-unknown",
        "class=\"minor\"",
        "a-cosmetic",
        "g-none",
        "id=\"characteristics\"",
    };
    struct results results = {0};
    struct run *run = add_run(&results, "Xen", 7);
    char *text;

    (void)state;
    fail_point(run, "a-cosmetic", "cosmetic", "m");
    fail_point(run, "b-cpu", "lost CPU", "m");
    fail_point(run, "c-hang", "hang", "m");
    fail_point(run, "d-boot", "boot failure", "<b>m</b>");
    fail_point(run, "e-corrupted", "corrupted state", "m");
    fail_point(run, "f-unknown", "something else", "m");
    fail_point(run, "g-none", NULL, "m");
    text = written(&results, html_write);
    for (char *at = text; (at = strstr(at, "<wbr>")) != NULL;) {
        memmove(at, at + strlen("<wbr>"), strlen(at + strlen("<wbr>")) + 1);
    }
    expect_order(text, order, sizeof(order) / sizeof(order[0]));
    expect(text, "&lt;b&gt;m&lt;/b&gt;");
    expect(text, "7 of 7 scenarios failed");
    expect(text, "a guest &amp; its CPU");
    expect(text, "5.6 &lt;CPU_ON&gt;");
    free(text);
    results_free(&results);
}

/* Runs as columns, also where a run lacks a scenario or has them in another order. */
static void page_has_a_matrix_of_several_runs(void **state)
{
    struct results results = {0};
    struct run *run = add_run(&results, "first", 2);
    char *text;

    (void)state;
    add_point(run, VERDICT_PASSED, "one");
    add_choice(run, "format", "original");
    add_choice(run, "same", "yes");
    fail_point(run, "two", "hang", "it hung");
    run = add_run(&results, "second", 3);
    fail_point(run, "two", "hang", "it hung");
    set(&add_point(run, VERDICT_SKIPPED, "one")->reason, "not <here>");
    add_choice(run, "format", "extended");
    add_choice(run, "same", "yes");
    add_point(run, VERDICT_PASSED, "three");
    add_choice(run, "format", "both");
    add_choice(run, "format", "extended");
    run_finish(run);
    text = written(&results, html_write);
    expect(text, "2 runs side by side");
    expect(text, "<tr id=\"s0\" class=\"mixed\"><th scope=\"row\">one</th>"
                 "<td class=\"p\">\xe2\x9c\x93</td>"
                 "<td class=\"s\"><a href=\"#skips1\">\xe2\x80\x93</a></td>");
    expect(text, "<h4 id=\"skips1\">Skipped: 1</h4>\n<dl class=\"skips\">\n"
                 "<div><dt>not &lt;here&gt;</dt>");
    expect(text, "<tr id=\"s1\" class=\"bad\"><th scope=\"row\">two</th>"
                 "<td class=\"f\"><a href=\"#f1\">");
    expect(text, "<tr id=\"s2\" class=\"mixed\"><th scope=\"row\">three</th>"
                 "<td class=\"n\"></td><td class=\"p\">");
    expect(text, "<th scope=\"row\">format</th><td class=\"differs\">original</td>"
                 "<td class=\"differs\">extended; both</td>");
    expect(text, "<th scope=\"row\">same</th><td class=\"same\">yes</td>"
                 "<td class=\"same\">yes</td>");
    expect(text, "<dt><span>first</span><span>second</span></dt><dd>it hung</dd>");
    free(text);
    results_free(&results);
}

static unsigned count_of(const char *text, const char *words)
{
    unsigned count = 0;

    for (text = strstr(text, words); text != NULL; text = strstr(text + 1, words)) {
        count++;
    }
    return count;
}

/* Everything can be read without a pointer, and what the keyboard reaches has a name. */
static void page_hides_nothing(void **state)
{
    struct results results = {0};
    struct run *run = add_run(&results, "first", 1);
    char *text;

    (void)state;
    set(&add_point(run, VERDICT_SKIPPED, "one")->reason, "not here");
    add_choice(run, "key", "value");
    run = add_run(&results, "second", 1);
    add_point(run, VERDICT_PASSED, "one");
    text = written(&results, html_write);
    assert_null(strstr(text, " title="));
    assert_int_equal(count_of(text, "tabindex="), 2);
    assert_int_equal(count_of(text, "tabindex=\"0\" role=\"region\" aria-label=\""), 2);
    free(text);
    results_free(&results);
}

static void page_has_dates_where_a_run_has_one(void **state)
{
    struct results results = {0};
    struct run *run = add_run(&results, "first", 1);
    char *text;

    (void)state;
    add_point(run, VERDICT_PASSED, "one");
    add_point(add_run(&results, "second", 1), VERDICT_PASSED, "one");
    text = written(&results, html_write);
    assert_null(strstr(text, ">Date<"));
    assert_null(strstr(text, "<td class=\"date\">"));
    free(text);
    set(&results.runs[0].date, "2026-11-29");
    text = written(&results, html_write);
    expect(text, ">Date<");
    assert_int_equal(count_of(text, "<td class=\"date\">"), 2);
    free(text);
    results_free(&results);
}

static void page_says_once_how_often_it_failed(void **state)
{
    struct results results = {0};
    struct run *run = add_run(&results, "Xen", 2);
    char *text;

    (void)state;
    fail_point(run, "one", "hang", "in 3 of 10 rounds: it hung");
    set(&run->points[0].often, "3 of 10");
    fail_point(run, "two", "hang", "it hung");
    set(&run->points[1].often, "4 of 10");
    text = written(&results, html_write);
    expect(text, "failed in 4 of 10 rounds");
    assert_null(strstr(text, "failed in 3 of 10 rounds"));
    free(text);
    results_free(&results);
}

static void page_of_nothing_is_one(void **state)
{
    struct results results = {0};
    struct run *run = results_add(&results);
    char *text;

    (void)state;
    set(&run->name, "nothing");
    run_stop(run, "cannot start nothing");
    text = written(&results, html_write);
    expect(text, "The run was not completed");
    expect(text, "cannot start nothing");
    expect(text, "</html>\n");
    free(text);
    results_free(&results);
}

/* The scenario's name has one, as text. */
static void expect_none(const char *text, const char *word)
{
    const char *found = strstr(text, word);

    if (found != NULL && strncmp(found, "src=&quot;", strlen("src=&quot;")) != 0) {
        fail_msg("%s is in the page", word);
    }
}

/* It has to open anywhere, and nothing in it may run. */
static void page_needs_nothing_else(void **state)
{
    static const char *const foreign[] = {"<script", "http:", "https:", "src=", "@import", "url("};
    struct results results = {0};
    char *text;

    (void)state;
    fail_point(add_run(&results, "<script>", 1), "<script src=\"x\">", "<script>", "<script>");
    text = written(&results, html_write);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        expect_none(text, foreign[i]);
    }
    free(text);
    results_free(&results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junit_has_everything),
        cmocka_unit_test(page_has_the_gravest_failure_first),
        cmocka_unit_test(page_has_a_matrix_of_several_runs),
        cmocka_unit_test(page_hides_nothing),
        cmocka_unit_test(page_has_dates_where_a_run_has_one),
        cmocka_unit_test(page_says_once_how_often_it_failed),
        cmocka_unit_test(page_of_nothing_is_one),
        cmocka_unit_test(page_needs_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
