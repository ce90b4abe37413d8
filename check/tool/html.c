/* SPDX-License-Identifier: BSD-2-Clause */
#include "html.h"

#include "html_parts.h"

static void write_page_head(FILE *file, const struct results *results)
{
    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n",
                file);
    if (results->count == 1) {
        html_put(file, "<title>PSCI of %s</title>\n", results->runs[0].name);
    } else {
        html_put(file, "<title>PSCI of %zu runs</title>\n", results->count);
    }
    (void)fprintf(file, "<style>\n%s</style>\n</head>\n<body>\n", html_style);
}

static void write_title(FILE *file, const struct results *results)
{
    (void)fputs("<header>\n<p class=\"kicker\">PSCI conformance</p>\n", file);
    if (results->count == 1) {
        html_put(file, "<h1>%s</h1>\n", results->runs[0].name);
    } else {
        html_put(file, "<h1>%zu runs side by side</h1>\n", results->count);
    }
    (void)fputs("<nav><a href=\"#failures\">Failures</a> <a href=\"#characteristics\">"
                "Characteristics</a> <a href=\"#scenarios\">Scenarios</a> ",
                file);
    (void)fputs(
        results->count == 1 ? "<a href=\"#runs\">The run</a>" : "<a href=\"#runs\">Runs</a>", file);
    (void)fputs("</nav>\n</header>\n<main>\n", file);
}

void html_write(FILE *file, const struct results *results)
{
    struct table table;

    table_make(&table, results);
    write_page_head(file, results);
    write_title(file, results);
    html_overview(file, results);
    html_failures(file, &table);
    html_characteristics(file, results);
    html_scenarios(file, &table);
    html_runs(file, results);
    (void)fputs("</main>\n<footer>Written by vpsci-check " DORMOUSE_VERSION
                ". Clauses are those of Arm DEN0022, if nothing else is said.</footer>\n"
                "</body>\n</html>\n",
                file);
    table_free(&table);
}
