/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/program.h"
#include "base/report.h"
#include "command.h"
#include "html.h"
#include "junit.h"
#include "monitors.h"
#include "must.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "tap_read.h"
#include "tap_write.h"

enum { STATUS_USAGE = 2, STATUS_INCOMPLETE = 3, STATUS_SIGNAL = 128 };

struct outputs {
    struct output tap;
    struct output junit;
    struct output html;
    struct output log;
};

static void drop_outputs(struct outputs *outputs)
{
    output_drop(&outputs->tap);
    output_drop(&outputs->junit);
    output_drop(&outputs->html);
    output_drop(&outputs->log);
}

/* Comes before the run, so that a report that cannot be written is reported at once. */
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

/* Writes every report that can be written, even if others fail. */
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

static void run_describe(struct run *run, const struct options *options)
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

/* Returns the worst status. */
static int conclude_run(int status, bool written)
{
    return written || status > 1 ? status : STATUS_INCOMPLETE;
}

static int run_image(const struct options *options, struct outputs *outputs)
{
    struct results results = {0};
    struct run *run = results_add(&results);
    struct session_settings settings = {
        .command = options->rest,
        .pty = options->pty,
        .limit = options->limit,
        .boot_limit = options->boot_limit,
        .total = options->total,
        .log = outputs->log.file,
    };
    struct progress progress;
    bool written;
    int ended_by;

    run_describe(run, options);
    progress_start(&progress, options->quiet);
    ended_by = session_run(&settings, run, &progress);
    written = write_outputs(outputs, &results);
    written = progress_end(&progress, run) && written;
    if (run->incomplete != NULL) {
        report("%s: %s", run->name, run->incomplete);
    }
    int status = conclude_run(results_status(&results), written);
    results_free(&results);
    return ended_by != 0 ? STATUS_SIGNAL + ended_by : status;
}

static int command_run(int argc, char *const *argv)
{
    struct options options;
    struct outputs outputs;
    enum option_result parsed = options_parse(&options_run, &options, argc, argv);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &options_run, STATUS_USAGE, STATUS_INCOMPLETE);
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
            report("cannot read %s: %s", path, strerror(errno));
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
    return conclude_run(results_status(results), written);
}

static int command_report(int argc, char *const *argv)
{
    struct options options;
    struct results results = {0};
    enum option_result parsed = options_parse(&options_report, &options, argc, argv);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &options_report, STATUS_USAGE, STATUS_INCOMPLETE);
    }
    int status = report_on(&options, &results);
    results_free(&results);
    return status;
}

static int command_monitors(int argc, char *const *argv)
{
    struct options options;
    enum option_result parsed = options_parse(&options_monitors, &options, argc, argv);

    if (parsed != OPTION_GOOD) {
        return program_end(parsed, &options_monitors, STATUS_USAGE, STATUS_INCOMPLETE);
    }
    if (options.rest_count == 0) {
        monitors_list(stdout);
    } else if (!monitors_show(stdout, options.rest[0])) {
        report("monitors %s: not in the list; vpsci-check monitors prints it", options.rest[0]);
        return STATUS_USAGE;
    }
    if (fflush(stdout) != 0) {
        report("cannot write to standard output: %s", strerror(errno));
        return STATUS_INCOMPLETE;
    }
    return 0;
}

static const struct program_command commands[] = {
    {"run", "run the image", command_run},
    {"report", "make a report of saved runs", command_report},
    {"monitors", "print commands that run the image on a monitor", command_monitors},
};

int main(int argc, char **argv)
{
    static const struct program program = {
        .name = "vpsci-check",
        .version = DORMOUSE_VERSION,
        .summary = "Runs the PSCI conformance image and shows the results.",
        .commands = commands,
        .count = sizeof(commands) / sizeof(commands[0]),
        .usage_status = STATUS_USAGE,
        .output_status = STATUS_INCOMPLETE,
    };

    program_ignore_signal(SIGPIPE); /* A reader that has gone is an error like any other. */
    return program_main(&program, argc, argv);
}
