/* SPDX-License-Identifier: BSD-2-Clause */
#include "refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"

void refusal_expect(const struct option_table *table, void *settings, const char *value,
                    const char *line)
{
    const struct option_row *row = &table->rows[0];
    struct capture capture;
    char said[512];

    capture_begin(&capture, STDERR_FILENO);
    bool parsed = row->set(row, settings, value);
    capture_end(&capture, said, sizeof(said));
    assert_false(parsed);
    assert_string_equal(said, line);
}
