/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../base/report.h"
#include "../boot/boot.h"
#include "../core/signals.h"
#include "../machine/machine.h"
#include "options.h"
#include "timeline.h"

static const char usage[] = "Usage: dormouse COMMAND [OPTION]...\n"
                            "A monitor for arm64 virtual machines that can sleep.\n"
                            "\n"
                            "  run        run a virtual machine: dormouse run --help\n"
                            "  timeline   show an event log in words: dormouse timeline [FILE]\n"
                            "  help       this text\n"
                            "  version    which dormouse this is\n";

/* Prints `text` on standard output; a text that did not get there is an error. */
static int print(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        report("cannot write to standard output");
        return STATUS_ERROR;
    }
    return 0;
}

static int command_run(int argc, char *const *argv)
{
    struct config config;

    switch (options_parse(&config, argc, argv)) {
    case OPTIONS_HELP:
        return print(options_help());
    case OPTIONS_BAD:
        return STATUS_USAGE;
    case OPTIONS_RUN:
        break;
    }
    if (config.dump_dtb != NULL) {
        return boot_write_dtb(&config, config.dump_dtb) == 0 ? 0 : STATUS_ERROR;
    }
    signals_block();
    if (config.name_given) {
        report_name(config.name);
    }
    return machine_run(&config);
}

static int command_timeline(int argc, char *const *argv)
{
    if (argc > 1 || (argc == 1 && argv[0][0] == '-' && argv[0][1] != '\0')) {
        report("timeline takes one file at most, or reads standard input");
        return STATUS_USAGE;
    }
    return timeline_show(argc == 1 ? argv[0] : "-");
}

static int command_help(int argc, char *const *argv)
{
    return print(argc > 0 && strcmp(argv[0], "run") == 0 ? options_help() : usage);
}

static int command_version(int argc, char *const *argv)
{
    (void)argc;
    (void)argv;
    return print("dormouse " DORMOUSE_VERSION "\n");
}

static const struct {
    const char *name;
    int (*call)(int argc, char *const *argv);
} commands[] = {
    {"run", command_run},           {"timeline", command_timeline}, {"help", command_help},
    {"--help", command_help},       {"-h", command_help},           {"version", command_version},
    {"--version", command_version},
};

/*
 * Whoever starts us with a standard descriptor closed must not find a kernel image or a KVM in its
 * place. What fills it refuses the use that the missing one would have had.
 */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    if (argc < 2) {
        report("which command? See dormouse help");
        return STATUS_USAGE;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].call(argc - 2, argv + 2);
        }
    }
    report("%s is not a command; see dormouse help", argv[1]);
    return STATUS_USAGE;
}
