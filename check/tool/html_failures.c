/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "html_parts.h"
#include "must.h"

/* The gravest first; unknown ones come last. */
static const char *const severities[] = {"boot failure", "corrupted state", "hang", "lost CPU"};

enum { SEVERITY_COUNT = sizeof(severities) / sizeof(severities[0]), COSMETIC = 100 };

struct failure {
    size_t row;
    unsigned rank;
};

static unsigned rank_of(const char *severity)
{
    unsigned rank = 0;

    if (severity == NULL || strcmp(severity, "cosmetic") == 0) {
        return COSMETIC;
    }
    while (rank < SEVERITY_COUNT && strcmp(severities[rank], severity) != 0) {
        rank++;
    }
    return rank;
}

static int failure_compare(const void *a, const void *b)
{
    const struct failure *first = a;
    const struct failure *second = b;

    if (first->rank != second->rank) {
        return first->rank < second->rank ? -1 : 1;
    }
    return first->row < second->row ? -1 : first->row > second->row;
}

static size_t find_failures(const struct table *table, struct failure *failures)
{
    size_t count = 0;

    for (size_t row = 0; row < table->rows.count; row++) {
        const struct point *point = table_failure(table, row);

        if (point != NULL) {
            failures[count++] = (struct failure){.row = row, .rank = rank_of(point->severity)};
        }
    }
    qsort(failures, count, sizeof(*failures), failure_compare);
    return count;
}

static void write_message(FILE *file, const struct point *point)
{
    html_put(file, "%s", point->message != NULL ? point->message : "It failed.");
    if (point_often(point) != NULL) {
        html_put(file, " <span class=\"often\">failed in %s rounds</span>", point_often(point));
    }
}

static bool failed_alike(const struct point *a, const struct point *b)
{
    return a != NULL && b != NULL && a->verdict == VERDICT_FAILED && b->verdict == VERDICT_FAILED &&
           strcmp(a->message != NULL ? a->message : "", b->message != NULL ? b->message : "") ==
               0 &&
           strcmp(a->often != NULL ? a->often : "", b->often != NULL ? b->often : "") == 0;
}

/* Returns the first run of the row that failed in the same way. */
static size_t first_alike(const struct table *table, size_t row, size_t run)
{
    size_t first = 0;

    while (first < run &&
           !failed_alike(table_cell(table, row, first), table_cell(table, row, run))) {
        first++;
    }
    return first;
}

/* Writes the runs that failed in the same way, and what was seen. */
static void write_alike(FILE *file, const struct table *table, size_t row, size_t run)
{
    const struct point *point = table_cell(table, row, run);

    (void)fputs("<div><dt>", file);
    for (size_t other = run; other < table->results->count; other++) {
        if (failed_alike(table_cell(table, row, other), point)) {
            html_put(file, "<span>%s</span>", table->results->runs[other].name);
        }
    }
    (void)fputs("</dt><dd>", file);
    write_message(file, point);
    (void)fputs("</dd></div>\n", file);
}

/* What was seen, and in which runs. */
static void write_messages(FILE *file, const struct table *table, size_t row)
{
    if (table->results->count == 1) {
        (void)fputs("<p class=\"message\">", file);
        write_message(file, table_cell(table, row, 0));
        (void)fputs("</p>\n", file);
        return;
    }
    (void)fputs("<dl class=\"seen\">\n", file);
    for (size_t run = 0; run < table->results->count; run++) {
        const struct point *point = table_cell(table, row, run);

        if (point != NULL && point->verdict == VERDICT_FAILED &&
            first_alike(table, row, run) == run) {
            write_alike(file, table, row, run);
        }
    }
    (void)fputs("</dl>\n", file);
}

static void write_failure_entry(FILE *file, const struct table *table,
                                const struct failure *failure)
{
    const struct point *point = table_failure(table, failure->row);

    html_put(file, "<article id=\"f%zu\" class=\"%s\">\n<h3>", failure->row,
             failure->rank == COSMETIC ? "minor" : "major");
    html_put(file, "<a href=\"#s%zu\"><code>", failure->row);
    html_name(file, point->name);
    (void)fputs("</code></a>", file);
    if (point->severity != NULL) {
        html_put(file, " <b class=\"chip\">%s</b>", point->severity);
    }
    (void)fputs("</h3>\n", file);
    write_messages(file, table, failure->row);
    if (point->consequence != NULL) {
        html_put(file, "<p class=\"consequence\"><span>For a guest:</span> %s</p>\n",
                 point->consequence);
    }
    if (point->clause != NULL) {
        html_put(file, "<p class=\"clause\"><span>Clause:</span> %s</p>\n", point->clause);
    }
    (void)fputs("</article>\n", file);
}

void html_failures(FILE *file, const struct table *table)
{
    struct failure *failures = must_alloc(table->rows.count, sizeof(*failures));
    size_t count = find_failures(table, failures);

    (void)fputs("<section id=\"failures\">\n<h2>Failures</h2>\n", file);
    if (count == 0) {
        (void)fputs("<p>None.</p>\n", file);
    }
    for (size_t i = 0; i < count; i++) {
        write_failure_entry(file, table, &failures[i]);
    }
    (void)fputs("</section>\n", file);
    free(failures);
}
