/* SPDX-License-Identifier: BSD-2-Clause */
#include "family.h"
#include "html_parts.h"

static const struct {
    const char *class;
    const char *sign;
} looks[VERDICT_COUNT] = {
    [VERDICT_NONE] = {"n", ""},
    [VERDICT_PASSED] = {"p", "\xe2\x9c\x93"},  /* a tick */
    [VERDICT_FAILED] = {"f", "\xe2\x9c\x97"},  /* a cross */
    [VERDICT_SKIPPED] = {"s", "\xe2\x80\x93"}, /* a dash */
};

/* Returns the text beside the verdict. */
static const char *point_remark(const struct point *point)
{
    const char *text = point->verdict == VERDICT_SKIPPED  ? point->reason
                       : point->verdict == VERDICT_FAILED ? point->message
                                                          : NULL;

    return text != NULL ? text : "";
}

/* A failure and a skip link to their reason. */
static void write_cell(FILE *file, const struct table *table, size_t row, size_t run)
{
    const struct point *point = table_cell(table, row, run);
    enum verdict verdict = point != NULL ? point->verdict : VERDICT_NONE;

    html_put(file, "<td class=\"%s\">", looks[verdict].class);
    if (verdict == VERDICT_FAILED) {
        html_put(file, "<a href=\"#f%zu\">%s</a></td>", row, looks[verdict].sign);
    } else if (verdict == VERDICT_SKIPPED) {
        html_put(file, "<a href=\"#skips%zu\">%s</a></td>", run, looks[verdict].sign);
    } else {
        html_put(file, "%s</td>", looks[verdict].sign);
    }
}

/* With one run there is room for words. */
static void write_words(FILE *file, const struct table *table, size_t row)
{
    const struct point *point = table_cell(table, row, 0);

    html_put(file, "<td class=\"%s\">%s <span>%s</span></td><td class=\"remark\">",
             looks[point->verdict].class, looks[point->verdict].sign, verdict_text(point->verdict));
    html_put(file, "%s</td>", point_remark(point));
}

static void write_scenario_row(FILE *file, const struct table *table, size_t row)
{
    const struct point *failure = table_failure(table, row);
    const char *class = failure != NULL ? "bad" : table_agrees(table, row) ? "same" : "mixed";

    html_put(file, "<tr id=\"s%zu\" class=\"%s\"><th scope=\"row\">", row, class);
    html_name(file, table->rows.list[row]);
    (void)fputs("</th>", file);
    if (table->results->count == 1) {
        write_words(file, table, row);
    } else {
        for (size_t run = 0; run < table->results->count; run++) {
            write_cell(file, table, row, run);
        }
    }
    (void)fputs("</tr>\n", file);
}

static void write_scenarios_head(FILE *file, const struct results *results)
{
    (void)fputs("<thead><tr><th scope=\"col\">Scenario</th>", file);
    if (results->count == 1) {
        (void)fputs("<th scope=\"col\">Result</th><th scope=\"col\">Why</th>", file);
    } else {
        for (size_t run = 0; run < results->count; run++) {
            html_put(file, "<th scope=\"col\"><a href=\"#run%zu\">%s</a></th>", run,
                     results->runs[run].name);
        }
    }
    (void)fputs("</tr></thead>", file);
}

/* Rows of one family have a table body of their own. */
static void write_rows(FILE *file, const struct table *table)
{
    struct family last = {NULL, 0};

    for (size_t row = 0; row < table->rows.count; row++) {
        struct family family = family_of(table_any(table, row));

        if (last.name == NULL || !family_equal(last, family)) {
            (void)fputs(last.name != NULL ? "</tbody>\n<tbody>\n" : "<tbody>\n", file);
            last = family;
        }
        write_scenario_row(file, table, row);
    }
    (void)fputs(last.name != NULL ? "</tbody>" : "", file);
}

void html_scenarios(FILE *file, const struct table *table)
{
    bool alone = table->results->count == 1;

    (void)fputs("<section id=\"scenarios\">\n<h2>All scenarios</h2>\n", file);
    html_put(file, "<p class=\"key\"><b class=\"p\">%s</b> passed <b class=\"f\">%s</b> failed ",
             looks[VERDICT_PASSED].sign, looks[VERDICT_FAILED].sign);
    html_put(file, "<b class=\"s\">%s</b> skipped <b class=\"n\"></b> no result",
             looks[VERDICT_SKIPPED].sign);
    (void)fputs(alone ? "</p>\n" : "; a cross or a dash leads to the reason</p>\n", file);
    (void)fputs(
        "<p class=\"choice\"><label><input type=\"checkbox\" id=\"only-bad\"> only those that "
        "failed</label>",
        file);
    if (!alone) {
        (void)fputs(" <label><input type=\"checkbox\" id=\"only-mixed\"> only those in which runs "
                    "differ</label>",
                    file);
    }
    (void)fputs("</p>\n", file);
    html_frame(file, table->results, "All scenarios");
    html_put(file, "<table class=\"grid %s\">", alone ? "one" : "matrix");
    write_scenarios_head(file, table->results);
    write_rows(file, table);
    (void)fputs("</table></div>\n</section>\n", file);
}
