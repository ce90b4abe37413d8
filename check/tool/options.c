/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/report.h"
#include "tap_line.h"

enum { SECONDS_MAX = 1000000, DEFAULT_LIMIT_S = 60 };

static bool set_text(const struct option_row *row, void *settings, const char *value)
{
    if (value[strspn(value, " ")] == '\0') {
        report("%s: its value is empty", row->name);
        return false;
    }
    return option_set_text(row, settings, value);
}

static bool set_file(const struct option_row *row, void *settings, const char *value)
{
    if (strcmp(value, "-") == 0) {
        report("%s -: not a file; standard output is /dev/stdout, best with --quiet", row->name);
        return false;
    }
    return set_text(row, settings, value);
}

static bool set_seconds(const struct option_row *row, void *settings, const char *value)
{
    unsigned *seconds = (unsigned *)((char *)settings + row->offset);
    const char *rest = value;

    if (tap_number(&rest, seconds) && *rest == '\0' && *seconds >= 1 && *seconds <= SECONDS_MAX) {
        return true;
    }
    report("%s %s: not a number of seconds; give 1 to %d", row->name, value, SECONDS_MAX);
    return false;
}

#define AT(member) .offset = offsetof(struct options, member)

/* Of a run only. */
static const struct option_row run_rows[] = {
    {OPTION("--name", "NAME", "name of the run in reports (the command's name)", set_text),
     AT(name)},
    {OPTION("--tap", "FILE", "write the results as TAP 14, for vpsci-check report and others",
            set_file),
     AT(tap)},
    {OPTION("--log", "FILE", "write all that the machine prints, up to 64 MiB", set_file), AT(log)},
    {OPTION("--limit", "SECONDS", "a scenario hangs if nothing is printed for so long (60)",
            set_seconds),
     AT(limit)},
    {OPTION("--boot-limit", "SECONDS", "from a start until the image is ready (60)", set_seconds),
     AT(boot_limit)},
    {OPTION("--pty", NULL, "give the command a terminal, not pipes (kvmtool needs one)",
            option_set_flag),
     AT(pty)},
    {OPTION("--total", "SECONDS", "for the whole run (no limit)", set_seconds), AT(total)},
};

static const struct option_row output_rows[] = {
    {OPTION("--junit", "FILE", "write the results as JUnit XML", set_file), AT(junit)},
    {OPTION("--html", "FILE", "write the results as one HTML page", set_file), AT(html)},
    {OPTION("--quiet", NULL, "print nothing on standard output", option_set_flag), AT(quiet)},
};

static const struct option_table run_table = {run_rows, sizeof(run_rows) / sizeof(run_rows[0])};
static const struct option_table output_table = {output_rows,
                                                 sizeof(output_rows) / sizeof(output_rows[0])};
static const struct option_part run_parts[] = {{&run_table, 0}, {&output_table, 0}, {NULL, 0}};
static const struct option_part report_parts[] = {{&output_table, 0}, {NULL, 0}};

const struct option_command options_run = {
    .program = "vpsci-check",
    .word = "run",
    .usage =
        "Usage: vpsci-check run [OPTION]... -- COMMAND [ARGUMENT]...\n"
        "Starts a command that boots vpsci-check.img with the machine's serial line on\n"
        "standard input and output, lets the image run its scenarios, and shows the results.\n",
    .notes =
        "vpsci-check monitors prints a ready command for QEMU, kvmtool, crosvm, Xen and dormouse.\n"
        "Exit status: 0 all passed or were skipped, 1 some scenario failed, 2 bad usage, 3 the\n"
        "run or a file could not be completed, 130 after Ctrl-C.\n",
    .parts = run_parts,
    .lacking = "no command that boots the image",
    .least = 1,
    .most = INT_MAX,
};

const struct option_command options_report = {
    .program = "vpsci-check",
    .word = "report",
    .usage =
        "Usage: vpsci-check report [OPTION]... FILE.tap...\n"
        "Makes a report of saved runs: those of vpsci-check run, and of vpsci-scenarios, each\n"
        "of whose subtests is a run. Several are shown side by side.\n",
    .notes =
        "Exit status: 0 all passed or were skipped, 1 some scenario failed, 2 bad usage or no\n"
        "TAP document, 3 some run was not completed, or a file could not be written.\n",
    .parts = report_parts,
    .lacking = "no files",
    .least = 1,
    .most = INT_MAX,
};

static const struct option_part no_parts[] = {{NULL, 0}};

const struct option_command options_monitors = {
    .program = "vpsci-check",
    .word = "monitors",
    .usage =
        "Usage: vpsci-check monitors [NAME]\n"
        "Prints the command that runs the image on a monitor or hypervisor, for a shell; without\n"
        "a name, which there are. The image is vpsci-check.img in the current folder.\n",
    .notes = "Exit status: 0, or 2 after bad usage, such as a name that is not in the list.\n",
    .parts = no_parts,
    .least = 0,
    .most = 1,
};

static bool files_differ(const struct options *options)
{
    const char *const files[] = {options->tap, options->junit, options->html, options->log};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        for (size_t k = 0; k < i; k++) {
            if (files[i] != NULL && files[k] != NULL && strcmp(files[i], files[k]) == 0) {
                report("%s: two outputs cannot go into one file", files[i]);
                return false;
            }
        }
    }
    return true;
}

enum option_result options_parse(const struct option_command *command, struct options *options,
                                 int argc, char *const *argv)
{
    int operands;

    *options = (struct options){.limit = DEFAULT_LIMIT_S, .boot_limit = DEFAULT_LIMIT_S};
    enum option_result result = option_parse(command, options, argc, argv, &operands);
    if (result != OPTION_GOOD) {
        return result;
    }
    options->rest = argv + operands;
    options->rest_count = argc - operands;
    return files_differ(options) ? OPTION_GOOD : OPTION_BAD;
}
