/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <stdlib.h>

#include "must.h"

static void add_rows(struct table *table, const struct run *run)
{
    for (unsigned i = 0; i < run->point_count; i++) {
        if (run->points[i].verdict != VERDICT_NONE) {
            (void)names_add(&table->rows, run->points[i].name);
        }
    }
}

/* A hostile machine may give two results for one name: the failure counts. */
static void fill_column(struct table *table, size_t column)
{
    const struct run *run = &table->results->runs[column];

    for (unsigned i = 0; i < run->point_count; i++) {
        const struct point *point = &run->points[i];

        if (point->verdict == VERDICT_NONE) {
            continue;
        }
        size_t row = names_add(&table->rows, point->name);
        const struct point **cell = &table->cells[row * table->results->count + column];
        if (*cell == NULL || point->verdict == VERDICT_FAILED) {
            *cell = point;
        }
    }
}

void table_make(struct table *table, const struct results *results)
{
    *table = (struct table){.results = results};
    for (size_t i = 0; i < results->count; i++) {
        add_rows(table, &results->runs[i]);
    }
    table->cells = must_alloc(table->rows.count * results->count, sizeof(struct point *));
    for (size_t i = 0; i < results->count; i++) {
        fill_column(table, i);
    }
}

const struct point *table_cell(const struct table *table, size_t row, size_t run)
{
    return table->cells[row * table->results->count + run];
}

/* Prefers a result with a family, which results of an older image do not have. */
const struct point *table_any(const struct table *table, size_t row)
{
    const struct point *any = NULL;

    for (size_t run = 0; run < table->results->count; run++) {
        const struct point *point = table_cell(table, row, run);

        if (point != NULL && (any == NULL || (any->family == NULL && point->family != NULL))) {
            any = point;
        }
    }
    return any;
}

const struct point *table_failure(const struct table *table, size_t row)
{
    for (size_t run = 0; run < table->results->count; run++) {
        const struct point *point = table_cell(table, row, run);

        if (point != NULL && point->verdict == VERDICT_FAILED) {
            return point;
        }
    }
    return NULL;
}

static enum verdict verdict_of(const struct point *point)
{
    return point != NULL ? point->verdict : VERDICT_NONE;
}

bool table_agrees(const struct table *table, size_t row)
{
    enum verdict first = verdict_of(table_cell(table, row, 0));

    for (size_t run = 1; run < table->results->count; run++) {
        if (verdict_of(table_cell(table, row, run)) != first) {
            return false;
        }
    }
    return true;
}

void table_free(struct table *table)
{
    names_free(&table->rows);
    free(table->cells);
}
