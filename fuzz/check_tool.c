/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_tool.h"

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "html.h"
#include "junit.h"
#include "must.h"
#include "tap_read.h"
#include "tap_write.h"
#include "words.h"

/* Replaces the tool's own; prints nothing. */
void report(const char *format, ...)
{
    (void)format;
}

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static char *saved(const struct run *run)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    tap_write(file, run);
    (void)fclose(file);
    return text;
}

/* Compared by their saved form. A run without test points and without a plan is a run, too. */
static void check_saved(const struct run *run)
{
    struct results again = {0};
    char *text = saved(run);
    FILE *file = fmemopen(text, strlen(text), "r");

    check(file != NULL && tap_read(&again, file, "fuzz.tap") && again.count == 1);
    (void)fclose(file);
    char *second = saved(&again.runs[0]);
    check(strcmp(text, second) == 0);
    free(second);
    free(text);
    results_free(&again);
}

/* Cleaning clean text does not change it; the lines of a report are clean. */
static void check_report(const struct results *results,
                         void (*write)(FILE *file, const struct results *results))
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    write(file, results);
    (void)fclose(file);
    check(strlen(text) == length);
    for (size_t i = 0; i < length; i++) {
        check((unsigned char)text[i] >= ' ' || text[i] == '\n');
    }
    free(text);
}

void check_results(const struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        check_saved(&results->runs[i]);
    }
    check_report(results, junit_write);
    check_report(results, html_write);
}
