/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "complain.h"
#include "html.h"
#include "junit.h"
#include "must.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "tap_read.h"
#include "tap_write.h"

enum { STATUS_USAGE = 2, STATUS_INCOMPLETE = 3, STATUS_SIGNAL = 128 };

static const char usage[] = "Usage: vpsci-check COMMAND [OPTION]...\n"
                            "Runs the PSCI conformance image and tells what came of it.\n"
                            "\n"
                            "  run       run the image: vpsci-check run --help\n"
                            "  report    make a report of saved runs: vpsci-check report --help\n"
                            "  help      this text\n"
                            "  version   which vpsci-check this is\n";

struct outputs {
    struct output tap;
    struct output junit;
    struct output html;
    struct output log;
};

/* Prints `text` on standard output; a text that did not get there is an error. */
static int print(const char *text)
{
    if (fputs(text, stdout) == EOF || fflush(stdout) == EOF) {
        complain("cannot write to standard output: %s", strerror(errno));
        return STATUS_INCOMPLETE;
    }
    return 0;
}

static void drop_outputs(struct outputs *outputs)
{
    output_drop(&outputs->tap);
    output_drop(&outputs->junit);
    output_drop(&outputs->html);
    output_drop(&outputs->log);
}

/* Before anything is run: who cannot have a report is told so at once. */
static bool open_outputs(struct outputs *outputs, const struct options *options)
{
    *outputs = (struct outputs){0};
    if (output_open(&outputs->tap, options->tap) && output_open(&outputs->junit, options->junit) &&
        output_open(&outputs->html, options->html) && output_open(&outputs->log, options->log)) {
        return true;
    }
    drop_outputs(outputs);
    return false;
}

/* Each that can be written is, whatever becomes of the others. */
static bool write_outputs(struct outputs *outputs, const struct results *results)
{
    if (outputs->tap.file != NULL) {
        tap_write(outputs->tap.file, &results->runs[0]);
    }
    if (outputs->junit.file != NULL) {
        junit_write(outputs->junit.file, results);
    }
    if (outputs->html.file != NULL) {
        html_write(outputs->html.file, results);
    }
    bool tap = output_close(&outputs->tap);
    bool junit = output_close(&outputs->junit);
    bool html = output_close(&outputs->html);
    bool log = output_close(&outputs->log);
    return tap && junit && html && log;
}

static void describe(struct run *run, const struct options *options)
{
    time_t now = time(NULL);
    struct tm day;
    char date[32] = "";
    char *command = command_text(options->rest);
    const char *name = options->name != NULL ? options->name : command_name(options->rest);

    if (gmtime_r(&now, &day) != NULL) {
        (void)strftime(date, sizeof(date), "%Y-%m-%d", &day);
    }
    results_set(&run->name, name, strlen(name));
    results_set(&run->date, date, strlen(date));
    results_set(&run->command, command, strlen(command));
    free(command);
}

/* The worst of what there is to say. */
static int conclude(int status, bool written)
{
    return written || status > 1 ? status : STATUS_INCOMPLETE;
}

static int run_image(const struct options *options, struct outputs *outputs)
{
    struct results results = {0};
    struct run *run = results_add(&results);
    struct session_settings settings = {
        .command = options->rest,
        .limit = options->limit,
        .boot_limit = options->boot_limit,
        .total = options->total,
        .log = outputs->log.file,
    };
    struct progress progress;
    bool written;
    int ended_by;

    describe(run, options);
    progress_start(&progress, options->quiet);
    ended_by = session_run(&settings, run, &progress);
    written = write_outputs(outputs, &results);
    written = progress_end(&progress, run) && written;
    if (run->incomplete != NULL) {
        complain("%s: %s", run->name, run->incomplete);
    }
    int status = conclude(results_status(&results), written);
    results_free(&results);
    return ended_by != 0 ? STATUS_SIGNAL + ended_by : status;
}

static int command_run(int argc, char *const *argv)
{
    struct options options;
    struct outputs outputs;

    switch (options_parse_run(&options, argc, argv)) {
    case OPTIONS_HELP:
        return print(options_help_run());
    case OPTIONS_BAD:
        return STATUS_USAGE;
    case OPTIONS_GOOD:
        break;
    }
    session_block_signals();
    return open_outputs(&outputs, &options) ? run_image(&options, &outputs) : STATUS_USAGE;
}

static bool read_all(struct results *results, const struct options *options)
{
    for (int i = 0; i < options->rest_count; i++) {
        const char *path = options->rest[i];
        FILE *file = fopen(path, "re");

        if (file == NULL) {
            complain("cannot read %s: %s", path, strerror(errno));
            return false;
        }
        bool good = tap_read(results, file, path);
        (void)fclose(file);
        if (!good) {
            return false;
        }
    }
    results_name(results);
    return true;
}

static bool show_all(const struct results *results, bool quiet)
{
    struct progress progress;

    progress_start(&progress, quiet);
    for (size_t i = 0; i < results->count; i++) {
        progress_report(&progress, &results->runs[i]);
    }
    return progress_total(&progress, results);
}

static int report_on(const struct options *options, struct results *results)
{
    struct outputs outputs;

    if (!read_all(results, options) || !open_outputs(&outputs, options)) {
        return STATUS_USAGE;
    }
    bool written = write_outputs(&outputs, results);
    written = show_all(results, options->quiet) && written;
    return conclude(results_status(results), written);
}

static int command_report(int argc, char *const *argv)
{
    struct options options;
    struct results results = {0};

    switch (options_parse_report(&options, argc, argv)) {
    case OPTIONS_HELP:
        return print(options_help_report());
    case OPTIONS_BAD:
        return STATUS_USAGE;
    case OPTIONS_GOOD:
        break;
    }
    int status = report_on(&options, &results);
    results_free(&results);
    return status;
}

static int command_help(int argc, char *const *argv)
{
    (void)argc;
    (void)argv;
    return print(usage);
}

static int command_version(int argc, char *const *argv)
{
    (void)argc;
    (void)argv;
    return print("vpsci-check " DORMOUSE_VERSION "\n");
}

static const struct {
    const char *name;
    int (*call)(int argc, char *const *argv);
} commands[] = {
    {"run", command_run},           {"report", command_report}, {"help", command_help},
    {"--help", command_help},       {"-h", command_help},       {"version", command_version},
    {"--version", command_version},
};

/* Whoever starts us with a standard descriptor closed must not find a file of ours in its place.
 * What fills it refuses the use that the missing one would have had. */
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
    (void)signal(SIGPIPE, SIG_IGN); /* Who no longer reads is told of as other errors are. */
    if (argc < 2) {
        complain("which command? See vpsci-check help");
        return STATUS_USAGE;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].call(argc - 2, argv + 2);
        }
    }
    complain("%s is not a command; see vpsci-check help", argv[1]);
    return STATUS_USAGE;
}
