/* SPDX-License-Identifier: BSD-2-Clause */
/* `dormouse sandbox`: the lists as arm64 has them, where VMs run, whatever this processor is. */
#include <string.h>

#include "base/report.h"
#include "sandbox/rows.h"
#include "sandbox/sandbox_parts.h"

/* Calls in the lists that arm64 does not have. */
#define ABSENT(call) #call,
static const char *const absent[] = {
#include "sandbox_absent.inc"
};

static bool is_on_arm64(const char *call)
{
    for (size_t i = 0; i < ROWS(absent); i++) {
        if (strcmp(absent[i], call) == 0) {
            return false;
        }
    }
    return true;
}

/* Not its first row with this call: that has been counted. */
static bool is_repeated(const struct sandbox_lists *lists, size_t list, size_t row)
{
    const char *call = lists->list[list]->rules[row].call;

    for (size_t i = 0; i <= list; i++) {
        for (size_t j = 0; j < lists->list[i]->count && (i < list || j < row); j++) {
            if (strcmp(lists->list[i]->rules[j].call, call) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool row_counts(const struct sandbox_lists *lists, size_t list, size_t row)
{
    const struct sandbox_rule *rule = &lists->list[list]->rules[row];

    return rule->refusal == 0 && is_on_arm64(rule->call) && !is_repeated(lists, list, row);
}

/* `requests`: ioctls instead of system calls. */
static unsigned lists_count(const struct sandbox_lists *lists, bool requests)
{
    unsigned found = 0;

    for (size_t i = 0; i < lists->count; i++) {
        for (size_t j = 0; j < lists->list[i]->count; j++) {
            const char *call = lists->list[i]->rules[j].call;

            found += requests ? strcmp(call, "ioctl") == 0 : row_counts(lists, i, j);
        }
    }
    return found;
}

static void show_rule(FILE *stream, const struct sandbox_rule *rule)
{
    if (!is_on_arm64(rule->call)) {
        return;
    }
    fprintf(stream, "  %s%s%s%s\n", rule->call, rule->words != NULL ? " (" : "",
            rule->words != NULL ? rule->words : "", rule->words != NULL ? ")" : "");
}

static const char *needs_words(unsigned needs)
{
    switch (needs) {
    case SANDBOX_NEEDS_REOPEN:
        return " with logs that are opened again";
    case SANDBOX_NEEDS_CONNECT:
        return " with --vsock";
    case SANDBOX_NEEDS_BACK_ENDS:
        return " with vhost-user";
    case SANDBOX_NEEDS_SAVE:
        return " with an image that it can be saved to";
    case SANDBOX_NEEDS_VHOST:
        return " with vhost-net";
    default:
        return "";
    }
}

static void show_role(FILE *stream, enum sandbox_role role, unsigned needs)
{
    struct sandbox_lists lists = sandbox_lists_of(role, needs);

    fprintf(stream, "%s%s: %u system calls, of ioctl %u requests\n", sandbox_role_name(role),
            needs_words(needs), lists_count(&lists, false), lists_count(&lists, true));
    for (size_t i = 0; needs == 0 && i < lists.count; i++) {
        for (size_t j = 0; j < lists.list[i]->count; j++) {
            show_rule(stream, &lists.list[i]->rules[j]);
        }
    }
}

bool sandbox_show(FILE *stream)
{
    int version = landlock_version();

    show_role(stream, SANDBOX_MAIN, 0);
    show_role(stream, SANDBOX_VCPU, 0);
    show_role(stream, SANDBOX_MAIN, SANDBOX_NEEDS_REOPEN);
    show_role(stream, SANDBOX_MAIN, SANDBOX_NEEDS_CONNECT);
    show_role(stream, SANDBOX_MAIN, SANDBOX_NEEDS_BACK_ENDS);
    show_role(stream, SANDBOX_VCPU, SANDBOX_NEEDS_BACK_ENDS);
    show_role(stream, SANDBOX_MAIN, SANDBOX_NEEDS_SAVE);
    show_role(stream, SANDBOX_MAIN, SANDBOX_NEEDS_VHOST);
    show_role(stream, SANDBOX_VCPU, SANDBOX_NEEDS_VHOST);
    fprintf(stream, "this kernel: seccomp %s, Landlock ", filter_check() == 0 ? "yes" : "no");
    if (version == 0) {
        fputs("no\n", stream);
    } else {
        fprintf(stream, "version %d\n", version);
    }
    if (fflush(stream) != 0) {
        report("cannot write to standard output");
        return false;
    }
    return true;
}
