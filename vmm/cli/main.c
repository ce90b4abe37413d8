/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <stdio.h>

#include "base/inherited.h"
#include "base/journal.h"
#include "base/notify.h"
#include "base/program.h"
#include "base/report.h"
#include "cli/image_command.h"
#include "cli/run_name.h"
#include "cli/run_options.h"
#include "cli/timeline.h"
#include "client/verb.h"
#include "core/signals.h"
#include "machine/machine.h"

static int run_machine(const struct config *config)
{
    signals_block();
    if (config->name_given) {
        report_name(config->name);
    }
    report_use_journal(JOURNAL_SOCKET);
    if (!notify_open()) {
        return STATUS_ERROR;
    }
    int status = machine_run(config);
    notify_close();
    return status;
}

static int run_config(struct config *config)
{
    struct inherited inherited;
    struct vm_claim claim;

    if (config->dump_dtb != NULL) {
        return machine_write_dtb(config);
    }
    if (!inherited_take(&inherited) || !vsock_settings_inherit(&config->vsock, &inherited)) {
        return STATUS_ERROR;
    }
    if (!run_name_claim(&claim, config)) {
        return STATUS_ERROR;
    }
    config->name_file = claim.path[0] != '\0' ? claim.path : NULL;
    int status = run_machine(config);
    config->name_file = NULL;
    vm_release(&claim);
    return status;
}

static int command_run(int argc, char *const *argv)
{
    struct config config;
    enum option_result parsed = options_parse(&config, argc, argv);
    int status = parsed == OPTION_GOOD
                     ? run_config(&config)
                     : program_end(parsed, &options_run, STATUS_USAGE, STATUS_ERROR);

    report_name(NULL);
    config_close(&config);
    return status;
}

static int command_timeline(int argc, char *const *argv)
{
    int operands;
    struct timeline_settings settings = {.form = DRAWING_NONE};
    enum option_result parsed = option_parse(&options_timeline, &settings, argc, argv, &operands);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &options_timeline, STATUS_USAGE, STATUS_ERROR);
    }
    return timeline_draw(operands < argc ? argv[operands] : "-", settings.form);
}

static int command_sandbox(int argc, char *const *argv)
{
    int operands;
    enum option_result parsed = option_parse(&options_sandbox, NULL, argc, argv, &operands);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &options_sandbox, STATUS_USAGE, STATUS_ERROR);
    }
    return sandbox_show(stdout) ? 0 : STATUS_ERROR;
}

static int command_image(int argc, char *const *argv)
{
    int operands;
    enum option_result parsed = option_parse(&options_image, NULL, argc, argv, &operands);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &options_image, STATUS_USAGE, STATUS_ERROR);
    }
    return image_command(argv[operands], argv[operands + 1]);
}

/* The commands for running VMs. */
#define VERB(word, ...)                                                                            \
    static int command_##word(int argc, char *const *argv)                                         \
    {                                                                                              \
        return verb_run(&verb_##word, argc, argv, timeline_show);                                  \
    }
#include "client/verbs.def"

static const struct program_command commands[] = {
    {"run", "run a virtual machine", command_run},
#define VERB(word, kind, help, ...) {#word, help, command_##word},
#include "client/verbs.def"
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
