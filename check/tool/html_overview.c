/* SPDX-License-Identifier: BSD-2-Clause */
#include "html_parts.h"

static const struct {
    enum verdict verdict;
    const char *class;
} bars[] = {
    {VERDICT_FAILED, "f"},
    {VERDICT_PASSED, "p"},
    {VERDICT_SKIPPED, "s"},
    {VERDICT_NONE, "n"},
};

/* The words beside it say the same. */
static void write_bar(FILE *file, const struct counts *counts)
{
    (void)fputs("<span class=\"bar\" aria-hidden=\"true\">", file);
    for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
        unsigned count = counts->of[bars[i].verdict];

        if (count > 0) {
            html_put(file, "<i class=\"%s\" style=\"flex:%u\"></i>", bars[i].class, count);
        }
    }
    (void)fputs("</span>", file);
}

static void write_count(FILE *file, const struct counts *counts, enum verdict verdict,
                        const char *class)
{
    unsigned count = counts->of[verdict];

    html_put(file, "<td class=\"count %s\">%u</td>", count > 0 ? class : "zero", count);
}

/* "PSCI 1.3, SMCCC 1.1" */
static void write_server(FILE *file, const struct run *run)
{
    for (size_t i = 0; i < run->server.count; i++) {
        const struct fact *fact = &run->server.list[i];

        html_put(file, "%s%s %s", i > 0 ? ", " : "", fact->key, fact->value);
    }
}

static bool has_dates(const struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        if (results->runs[i].date != NULL) {
            return true;
        }
    }
    return false;
}

static void write_run_row(FILE *file, const struct results *results, size_t n)
{
    const struct run *run = &results->runs[n];
    struct counts counts = run_count(run);

    html_put(file, "<tr><th scope=\"row\"><a href=\"#run%zu\">%s</a>", n, run->name);
    if (run->incomplete != NULL) {
        (void)fputs(" <b class=\"chip warn\">not completed</b>", file);
    }
    (void)fputs("<small>", file);
    write_server(file, run);
    (void)fputs("</small></th>", file);
    if (has_dates(results)) {
        html_put(file, "<td class=\"date\">%s</td>", run->date != NULL ? run->date : "");
    }
    (void)fputs("<td class=\"wide\">", file);
    write_bar(file, &counts);
    (void)fputs("</td>", file);
    write_count(file, &counts, VERDICT_FAILED, "bad");
    write_count(file, &counts, VERDICT_PASSED, "good");
    write_count(file, &counts, VERDICT_SKIPPED, "dim");
    write_count(file, &counts, VERDICT_NONE, "dim");
    (void)fputs("</tr>\n", file);
}

static void write_one(FILE *file, const struct run *run)
{
    struct counts counts = run_count(run);
    unsigned failed = counts.of[VERDICT_FAILED];

    (void)fputs("<p class=\"dim\">", file);
    write_server(file, run);
    html_put(file, "%s%s</p>\n", run->server.count > 0 && run->date != NULL ? ", on " : "",
             run->date != NULL ? run->date : "");
    html_put(file, "<p class=\"verdict %s\">",
             failed > 0 || run->incomplete != NULL ? "bad" : "good");
    if (failed > 0) {
        html_put(file, "%u of %u scenarios failed", failed, counts.all);
    } else if (run->incomplete != NULL) {
        (void)fputs("The run was not completed", file);
    } else {
        (void)fputs("No scenario failed", file);
    }
    (void)fputs("</p>\n", file);
    write_bar(file, &counts);
    html_put(file, "<p class=\"counts\">%u passed, %u failed, %u skipped",
             counts.of[VERDICT_PASSED], failed, counts.of[VERDICT_SKIPPED]);
    if (counts.of[VERDICT_NONE] > 0) {
        html_put(file, ", %u not run", counts.of[VERDICT_NONE]);
    }
    (void)fputs("</p>\n", file);
    if (run->incomplete != NULL) {
        html_put(file, "<p class=\"alert\"><b>The run was not completed:</b> %s</p>\n",
                 run->incomplete);
    }
}

void html_overview(FILE *file, const struct results *results)
{
    (void)fputs("<section class=\"overview\">\n", file);
    if (results->count == 1) {
        write_one(file, &results->runs[0]);
        (void)fputs("</section>\n", file);
        return;
    }
    (void)fputs("<table class=\"plain\"><thead><tr><th scope=\"col\">Run</th>", file);
    if (has_dates(results)) {
        (void)fputs("<th scope=\"col\" class=\"date\">Date</th>", file);
    }
    (void)fputs("<td class=\"wide\"></td><th scope=\"col\" class=\"count\">Failed</th>"
                "<th scope=\"col\" class=\"count\">Passed</th>"
                "<th scope=\"col\" class=\"count\">Skipped</th>"
                "<th scope=\"col\" class=\"count\">Not run</th></tr></thead><tbody>\n",
                file);
    for (size_t i = 0; i < results->count; i++) {
        write_run_row(file, results, i);
    }
    (void)fputs("</tbody></table>\n</section>\n", file);
}
