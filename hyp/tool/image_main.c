/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>

#include "base/program.h"
#include "base/report.h"
#include "bundle.h"
#include "show.h"
#include "tool_options.h"

enum { STATUS_ERROR = 1, STATUS_USAGE = 2 };

/* The VMs of files; otherwise one VM has been described by options. */
static bool find_vms(struct tool_vms *all)
{
    if (all->count == 0) {
        all->vm[all->count++] = all->only;
        return true;
    }
    if (all->only.config.kernel != NULL) {
        report("make: --vm and --kernel exclude each other; the file of a VM names its kernel");
        return false;
    }
    return true;
}

static int command_make(int argc, char *const *argv)
{
    static struct tool_vms all;
    int operands;

    tool_vm_init(&all.only);
    enum option_result parsed = option_parse(&tool_make, &all, argc, argv, &operands);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &tool_make, STATUS_USAGE, STATUS_ERROR);
    }
    if (!find_vms(&all) || !tool_place(&all)) {
        return STATUS_USAGE;
    }
    return bundle_make(&all, argv[operands]) == 0 ? 0 : STATUS_ERROR;
}

static int command_show(int argc, char *const *argv)
{
    int operands;
    enum option_result parsed = option_parse(&tool_show, NULL, argc, argv, &operands);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &tool_show, STATUS_USAGE, STATUS_ERROR);
    }
    return show_bundle(argv[operands]) == 0 ? 0 : STATUS_ERROR;
}

static const struct program_command commands[] = {
    {"make", "make a bundle: the VMs that hyp starts", command_make},
    {"show", "check a bundle, and show what is in it", command_show},
};

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "hyp-image",
        .version = DORMOUSE_VERSION,
        .summary = "makes and shows bundles, the files that hyp starts VMs from",
        .commands = commands,
        .count = sizeof(commands) / sizeof(commands[0]),
        .usage_status = STATUS_USAGE,
        .output_status = STATUS_ERROR,
    };

    return program_main(&program, argc, argv);
}
