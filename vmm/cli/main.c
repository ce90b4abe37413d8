/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <stdio.h>

#include "base/program.h"
#include "base/report.h"
#include "cli/image_command.h"
#include "cli/run_options.h"
#include "cli/timeline.h"
#include "core/signals.h"
#include "machine/machine.h"

static int command_run(int argc, char *const *argv)
{
    struct config config;

    switch (options_parse(&config, argc, argv)) {
    case OPTION_HELP:
        return program_help(&options_run, STATUS_ERROR);
    case OPTION_BAD:
        return STATUS_USAGE;
    case OPTION_GOOD:
        break;
    }
    if (config.dump_dtb != NULL) {
        return machine_write_dtb(&config);
    }
    signals_block();
    if (config.name_given) {
        report_name(config.name);
    }
    return machine_run(&config);
}

static int command_timeline(int argc, char *const *argv)
{
    int operands;

    switch (option_parse(&options_timeline, NULL, argc, argv, &operands)) {
    case OPTION_HELP:
        return program_help(&options_timeline, STATUS_ERROR);
    case OPTION_BAD:
        return STATUS_USAGE;
    case OPTION_GOOD:
        break;
    }
    return timeline_show(operands < argc ? argv[operands] : "-");
}

static int command_sandbox(int argc, char *const *argv)
{
    int operands;

    switch (option_parse(&options_sandbox, NULL, argc, argv, &operands)) {
    case OPTION_HELP:
        return program_help(&options_sandbox, STATUS_ERROR);
    case OPTION_BAD:
        return STATUS_USAGE;
    case OPTION_GOOD:
        break;
    }
    return sandbox_show(stdout) ? 0 : STATUS_ERROR;
}

static int command_image(int argc, char *const *argv)
{
    int operands;

    switch (option_parse(&options_image, NULL, argc, argv, &operands)) {
    case OPTION_HELP:
        return program_help(&options_image, STATUS_ERROR);
    case OPTION_BAD:
        return STATUS_USAGE;
    case OPTION_GOOD:
        break;
    }
    return image_command(argv[operands], argv[operands + 1]);
}

static const struct program_command commands[] = {
    {"run", "run a virtual machine", command_run},
    {"timeline", "show an event log in words", command_timeline},
    {"image", "look at, copy or check the file of a sleeping VM", command_image},
    {"sandbox", "show which system calls a running VM may make", command_sandbox},
};

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "dormouse",
        .version = DORMOUSE_VERSION,
        .summary = "A monitor for arm64 virtual machines that can sleep.",
        .commands = commands,
        .count = sizeof(commands) / sizeof(commands[0]),
        .usage_status = STATUS_USAGE,
        .output_status = STATUS_ERROR,
    };

    return program_main(&program, argc, argv);
}
