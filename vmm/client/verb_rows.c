/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of verbs, and their options. */
#include <stddef.h>

#include "base/report.h"
#include "client/verb.h"

/* Reads a number into a member; `what` is what it counts. */
static bool set_number(const struct option_row *row, void *settings, const char *value)
{
    enum { NUMBER_MAX = 24 * 60 * 60 };
    const char *rest = value;
    uint64_t number;

    if (!option_number(&rest, &number) || *rest != '\0' || number < 1 || number > NUMBER_MAX) {
        report("%s %s: not a number of %s; give 1 to %d", row->name, value, row->what, NUMBER_MAX);
        return false;
    }
    *(unsigned *)((char *)settings + row->offset) = (unsigned)number;
    return true;
}

#define AT(member) .offset = offsetof(struct verb_settings, member)

static const struct option_row common_rows[] = {
    {OPTION("--json", NULL, "print a JSON object for each VM, in a line", option_set_flag),
     AT(json)},
    {OPTION("--limit", "SECONDS", "give up a VM after that time", set_number), AT(seconds),
     .what = "seconds"},
};

static const struct option_row wait_rows[] = {
    {OPTION("--no-wait", NULL, "do not wait until it is done", option_set_flag), AT(no_wait)},
};

static const struct option_row limit_rows[] = {
    {OPTION("--limit", "SECONDS", "give up after that time", set_number), AT(seconds),
     .what = "seconds"},
};

static const struct option_row top_rows[] = {
    {OPTION("--every", "SECONDS", "the time between two tables (2)", set_number), AT(every),
     .what = "seconds"},
    {OPTION("--count", "N", "how many tables (on a terminal: no end, else 1)", set_number),
     AT(count), .what = "tables"},
};

static const struct option_row follow_rows[] = {
    {OPTION("--follow", NULL, "show what happens from now on, until the VMs end", option_set_flag),
     AT(follow)},
    {OPTION("-f", NULL, "the same", option_set_flag), AT(follow)},
};

static const struct option_table follow_table = {follow_rows, 2};
static const struct option_table top_table = {top_rows, 2};
static const struct option_table limit_table = {limit_rows, 1};
static const struct option_table common_table = {common_rows, 2};
static const struct option_table wait_table = {wait_rows, 1};
static const struct option_part show_parts[] = {{&common_table, 0}, {NULL, 0}};
static const struct option_part follow_parts[] = {
    {&follow_table, 0}, {&common_table, 0}, {NULL, 0}};
static const struct option_part top_parts[] = {{&top_table, 0}, {&limit_table, 0}, {NULL, 0}};
static const struct option_part limit_parts[] = {{&limit_table, 0}, {NULL, 0}};
static const struct option_part no_parts[] = {{NULL, 0}};
static const struct option_part act_parts[] = {{&common_table, 0}, {&wait_table, 0}, {NULL, 0}};

static const char verb_notes[] =
    "NAME is a VM's name, a pattern such as 'web*', or the path of a QMP socket.\n"
    "Exit status: 0 done, 1 refused or failed, 2 usage, 3 no such VM, or it does not run, 4 too "
    "late.\n";

#define VERB(name, kind, help, text, ...)                                                          \
    const struct verb verb_##name = {                                                              \
        .options = {.program = "dormouse",                                                         \
                    .word = #name,                                                                 \
                    .usage = "Usage: dormouse " #name " [OPTION]... " text,                        \
                    .notes = verb_notes,                                                           \
                    .parts = kind##_parts},                                                        \
        __VA_ARGS__};
#include "client/verbs.def"
