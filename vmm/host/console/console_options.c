/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/console_options.h"

#include "base/logfile.h"
#include "base/report.h"
#include "host/console/console.h"

static bool set_console(const struct option_row *row, void *settings, const char *value)
{
    if (logfile_spec_has_unknown_word(value)) {
        report("--console %s: only ',max=SIZE' may follow a file's name", value);
        return false;
    }
    if (!console_target_is_valid(value)) {
        report("--console %s: unknown target; use stdio, none, pty, pty=LINK, FILE, or "
               "FILE,max=SIZE with a "
               "SIZE of at least 4K",
               value);
        return false;
    }
    return option_set_text(row, settings, value);
}

static const struct option_row rows[] = {
    {OPTION("--console", "WHERE",
            "stdio, none, pty[=LINK], a pseudo-terminal with a link to it, or\n"
            "FILE[,max=SIZE], a file for the output (stdio);\n"
            "a file that would exceed SIZE is renamed to FILE.1",
            set_console)},
};

const struct option_table console_options = {rows, sizeof(rows) / sizeof(rows[0])};
