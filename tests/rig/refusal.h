/* SPDX-License-Identifier: BSD-2-Clause */
/* A wrong value of an option. */
#ifndef DORMOUSE_TESTS_REFUSAL_H
#define DORMOUSE_TESTS_REFUSAL_H

#include "base/option.h"

/* Fails the test unless the table's first option refuses `value`, with exactly `line` on standard error. */
void refusal_expect(const struct option_table *table, void *settings, const char *value,
                    const char *line);

#endif
