/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "html_parts.h"

static void write_run_pair(FILE *file, const char *key, const char *value)
{
    if (value != NULL) {
        html_put(file, "<div><dt>%s</dt><dd>%s</dd></div>\n", key, value);
    }
}

static void write_run_facts(FILE *file, const char *title, const struct facts *facts)
{
    if (facts->count == 0) {
        return;
    }
    html_put(file, "<h4>%s</h4>\n<dl class=\"facts\">\n", title);
    for (size_t i = 0; i < facts->count; i++) {
        write_run_pair(file, facts->list[i].key, facts->list[i].value);
    }
    (void)fputs("</dl>\n", file);
}

static const char *reason_of(const struct point *point)
{
    return point->reason != NULL && *point->reason != '\0' ? point->reason : "no reason was given";
}

static void write_skipped(FILE *file, const struct run *run, const char *reason)
{
    const char *comma = "";

    html_put(file, "<div><dt>%s</dt><dd>", reason);
    for (unsigned i = 0; i < run->point_count; i++) {
        const struct point *point = &run->points[i];

        if (point->verdict == VERDICT_SKIPPED && strcmp(reason_of(point), reason) == 0) {
            html_put(file, "%s<code>", comma);
            html_name(file, point->name);
            (void)fputs("</code>", file);
            comma = ", ";
        }
    }
    (void)fputs("</dd></div>\n", file);
}

/* By reason: there are few of them, and many scenarios. */
static void write_reasons(FILE *file, const struct run *run, size_t n)
{
    struct names reasons = {0};

    for (unsigned i = 0; i < run->point_count; i++) {
        if (run->points[i].verdict == VERDICT_SKIPPED) {
            (void)names_add(&reasons, reason_of(&run->points[i]));
        }
    }
    if (reasons.count > 0) {
        html_put(file, "<h4 id=\"skips%zu\">Skipped: %u</h4>\n<dl class=\"skips\">\n", n,
                 run_count(run).of[VERDICT_SKIPPED]);
        for (size_t i = 0; i < reasons.count; i++) {
            write_skipped(file, run, reasons.list[i]);
        }
        (void)fputs("</dl>\n", file);
    }
    names_free(&reasons);
}

static void write_run(FILE *file, const struct run *run, size_t n, bool alone)
{
    html_put(file, "<details id=\"run%zu\"", n);
    html_put(file, alone ? " open>\n<summary>%s</summary>\n" : ">\n<summary>%s</summary>\n",
             run->name);
    if (run->incomplete != NULL) {
        html_put(file, "<p class=\"alert\"><b>Not completed:</b> %s</p>\n", run->incomplete);
    }
    for (size_t i = 0; i < run->notes.count; i++) {
        html_put(file, "<p class=\"note\">Note: %s</p>\n", run->notes.list[i].value);
    }
    (void)fputs("<dl class=\"facts\">\n", file);
    write_run_pair(file, "date", run->date);
    if (run->command != NULL) {
        html_put(file, "<div class=\"long\"><dt>command</dt><dd><code>%s</code></dd></div>\n",
                 run->command);
    }
    (void)fputs("</dl>\n", file);
    write_run_facts(file, "Machine", &run->machine);
    write_run_facts(file, "Server", &run->server);
    write_reasons(file, run, n);
    (void)fputs("</details>\n", file);
}

void html_runs(FILE *file, const struct results *results)
{
    html_put(file, "<section id=\"runs\">\n<h2>%s</h2>\n",
             results->count == 1 ? "The run" : "The runs");
    for (size_t i = 0; i < results->count; i++) {
        write_run(file, &results->runs[i], i, results->count == 1);
    }
    (void)fputs("</section>\n", file);
}
