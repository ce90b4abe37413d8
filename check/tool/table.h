/* SPDX-License-Identifier: BSD-2-Clause */
/** A table of scenarios and runs, with the results. */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H

#include "names.h"
#include "results.h"

struct table {
    const struct results *results;
    struct names rows;          /**< scenarios, in the order of the first run that has them */
    const struct point **cells; /**< row by row; NULL: the run has no such scenario */
};

void table_make(struct table *table, const struct results *results);
const struct point *table_cell(const struct table *table, size_t row, size_t run);
/** Returns a result of the row. There is at least one. */
const struct point *table_any(const struct table *table, size_t row);
/** Returns the first failure of the row, or NULL. */
const struct point *table_failure(const struct table *table, size_t row);
/** Returns whether the row has the same verdict in all runs. */
bool table_agrees(const struct table *table, size_t row);
void table_free(struct table *table);

#endif
