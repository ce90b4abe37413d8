/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "must.h"
#include "tap_line.h"

enum { FOR_RUN = 1, FOR_REPORT = 2, SECONDS_MAX = 1000000, DEFAULT_LIMIT_S = 60 };

/* One option: its value goes through `set`, which complains of what is wrong with it and returns
 * false. One that takes nothing gets NULL. */
struct option_spec {
    const char *name;
    unsigned commands;
    bool takes_value;
    bool (*set)(struct options *options, const char *value);
};

static bool set_text(const char *name, const char **text, const char *value)
{
    if (value[strspn(value, " ")] == '\0') {
        complain("%s: its value is empty", name);
        return false;
    }
    *text = value;
    return true;
}

static bool set_file(const char *name, const char **file, const char *value)
{
    if (strcmp(value, "-") == 0) {
        complain("%s -: not a file; standard output is /dev/stdout, best with --quiet", name);
        return false;
    }
    return set_text(name, file, value);
}

static bool set_seconds(const char *name, unsigned *seconds, const char *value)
{
    const char *rest = value;

    if (tap_number(&rest, seconds) && *rest == '\0' && *seconds >= 1 && *seconds <= SECONDS_MAX) {
        return true;
    }
    complain("%s %s: not a number of seconds; give 1 to %d", name, value, SECONDS_MAX);
    return false;
}

static bool set_name(struct options *options, const char *value)
{
    return set_text("--name", &options->name, value);
}

static bool set_tap(struct options *options, const char *value)
{
    return set_file("--tap", &options->tap, value);
}

static bool set_junit(struct options *options, const char *value)
{
    return set_file("--junit", &options->junit, value);
}

static bool set_html(struct options *options, const char *value)
{
    return set_file("--html", &options->html, value);
}

static bool set_log(struct options *options, const char *value)
{
    return set_file("--log", &options->log, value);
}

static bool set_limit(struct options *options, const char *value)
{
    return set_seconds("--limit", &options->limit, value);
}

static bool set_boot_limit(struct options *options, const char *value)
{
    return set_seconds("--boot-limit", &options->boot_limit, value);
}

static bool set_total(struct options *options, const char *value)
{
    return set_seconds("--total", &options->total, value);
}

static bool set_quiet(struct options *options, const char *value)
{
    (void)value;
    options->quiet = true;
    return true;
}

static const struct option_spec specs[] = {
    {"--name", FOR_RUN, true, set_name},
    {"--tap", FOR_RUN, true, set_tap},
    {"--junit", FOR_RUN | FOR_REPORT, true, set_junit},
    {"--html", FOR_RUN | FOR_REPORT, true, set_html},
    {"--log", FOR_RUN, true, set_log},
    {"--limit", FOR_RUN, true, set_limit},
    {"--boot-limit", FOR_RUN, true, set_boot_limit},
    {"--total", FOR_RUN, true, set_total},
    {"--quiet", FOR_RUN | FOR_REPORT, false, set_quiet},
};

struct parser {
    struct options *options;
    unsigned command;
    const char *word; /* "run", "report" */
    int argc;
    char *const *argv;
    int at;
};

static const struct option_spec *find(unsigned command, const char *argument, size_t length)
{
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        if ((specs[i].commands & command) != 0 && strlen(specs[i].name) == length &&
            memcmp(specs[i].name, argument, length) == 0) {
            return &specs[i];
        }
    }
    return NULL;
}

/* The option at argv[at], "--tap FILE" or "--tap=FILE"; `at` moves behind it. */
static bool take(struct parser *parser)
{
    const char *argument = parser->argv[parser->at++];
    size_t length = strcspn(argument, "=");
    const struct option_spec *spec = find(parser->command, argument, length);
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;

    if (spec == NULL) {
        complain("%s: %s is not an option; see vpsci-check %s --help", parser->word, argument,
                 parser->word);
        return false;
    }
    if (!spec->takes_value && value != NULL) {
        complain("%s takes no value", spec->name);
        return false;
    }
    if (spec->takes_value && value == NULL) {
        if (parser->at == parser->argc) {
            complain("%s wants a value; see vpsci-check %s --help", spec->name, parser->word);
            return false;
        }
        value = parser->argv[parser->at++];
    }
    return spec->set(parser->options, value);
}

static bool files_differ(const struct options *options)
{
    const char *const files[] = {options->tap, options->junit, options->html, options->log};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        for (size_t k = 0; k < i; k++) {
            if (files[i] != NULL && files[k] != NULL && strcmp(files[i], files[k]) == 0) {
                complain("%s: two outputs cannot go into one file", files[i]);
                return false;
            }
        }
    }
    return true;
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static enum options_result parse(struct parser *parser, const char *lacking)
{
    struct options *options = parser->options;

    *options = (struct options){.limit = DEFAULT_LIMIT_S, .boot_limit = DEFAULT_LIMIT_S};
    while (parser->at < parser->argc && parser->argv[parser->at][0] == '-') {
        if (strcmp(parser->argv[parser->at], "--") == 0) {
            parser->at++;
            break;
        }
        if (is_help(parser->argv[parser->at])) {
            return OPTIONS_HELP;
        }
        if (!take(parser)) {
            return OPTIONS_BAD;
        }
    }
    options->rest = parser->argv + parser->at;
    options->rest_count = parser->argc - parser->at;
    if (options->rest_count == 0) {
        complain("%s: %s; see vpsci-check %s --help", parser->word, lacking, parser->word);
        return OPTIONS_BAD;
    }
    return files_differ(options) ? OPTIONS_GOOD : OPTIONS_BAD;
}

enum options_result options_parse_run(struct options *options, int argc, char *const *argv)
{
    struct parser parser = {options, FOR_RUN, "run", argc, argv, 0};

    return parse(&parser, "which command boots the image?");
}

enum options_result options_parse_report(struct options *options, int argc, char *const *argv)
{
    struct parser parser = {options, FOR_REPORT, "report", argc, argv, 0};

    return parse(&parser, "which files?");
}

const char *options_help_run(void)
{
    return "Usage: vpsci-check run [OPTION]... -- COMMAND [ARGUMENT]...\n"
           "Starts a command that boots vpsci-check.img with the machine's serial line on "
           "standard\n"
           "input and output, lets the image run its scenarios, and tells what came of them.\n"
           "\n"
           "  --name NAME           what the run is called in reports; default: as the command\n"
           "  --tap FILE            write the results as TAP 14, for vpsci-check report and "
           "others\n"
           "  --junit FILE          write them as JUnit XML\n"
           "  --html FILE           write them as one HTML page\n"
           "  --log FILE            write all that the machine printed, up to 64 MiB\n"
           "  --limit SECONDS       a scenario hangs if nothing is printed so long; default 60\n"
           "  --boot-limit SECONDS  from a start until the image is ready; default 60\n"
           "  --total SECONDS       for the whole run; default: as long as it takes\n"
           "  --quiet               nothing on standard output\n"
           "  --help                this text\n"
           "\n"
           "Exit status: 0 all passed or were skipped, 1 some scenario failed, 2 bad usage, 3 the\n"
           "run or a file could not be completed, 130 after Ctrl-C.\n";
}

const char *options_help_report(void)
{
    return "Usage: vpsci-check report [OPTION]... FILE.tap...\n"
           "Makes a report of saved runs: those of vpsci-check run, and of vpsci-scenarios, each "
           "of\n"
           "whose subtests is a run. Several are shown side by side.\n"
           "\n"
           "  --html FILE   write one HTML page\n"
           "  --junit FILE  write JUnit XML\n"
           "  --quiet       nothing on standard output\n"
           "  --help        this text\n"
           "\n"
           "Exit status: 0 all passed or were skipped, 1 some scenario failed, 2 bad usage or no\n"
           "TAP document, 3 some run was not completed, or a file could not be written.\n";
}
