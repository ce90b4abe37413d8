/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any words after `dormouse`. An accepted command line gives a configuration within its
 * limits. A refused one gives one line.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cli/run_options.h"
#include "command_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(const struct command_line *line, const char *text)
{
    command_line_check(text == NULL || command_line_has(line, text));
}

static void check_texts(const struct command_line *line, const struct config *config)
{
    command_line_check(config->kernel != NULL);
    check_text(line, config->kernel);
    check_text(line, config->initrd);
    check_text(line, config->append);
    check_text(line, config->events);
    check_text(line, config->dump_dtb);
    check_text(line, config->qmp);
    if (config->name_given) {
        check_text(line, config->name);
    }
}

static void check_numbers(const struct config *config)
{
    size_t name = strlen(config->name);

    command_line_check(name >= 1 && name <= CONFIG_NAME_MAX);
    command_line_check(config->cpu_count >= 1 && config->cpu_count <= CONFIG_CPUS_MAX);
    command_line_check(config->cpus_admitted <= config->cpu_count);
    command_line_check(config->clusters <= config->cpu_count);
    command_line_check(config->memory_size != 0 && config->memory_size % (2 << 20) == 0);
    command_line_check(config->ask_seconds != 0);
}

static void parse_run(const struct command_line *line)
{
    struct config config;

    command_line_begin();
    enum option_result result = options_parse(&config, line->argc - 1, line->argv + 1);
    command_line_end(result);
    if (result == OPTION_GOOD) {
        check_texts(line, &config);
        check_numbers(&config);
    }
}

/* A command without settings. */
static void parse_other(const struct option_command *command, const struct command_line *line)
{
    int operands = 0;

    command_line_begin();
    enum option_result result =
        option_parse(command, NULL, line->argc - 1, line->argv + 1, &operands);
    command_line_end(result);
    command_line_check(result != OPTION_GOOD || line->argc - 1 - operands <= command->most);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct command_line line = command_line_make(bytes, size);

    if (line.argc == 0) {
        /* The program shows its help without reading further options. */
    } else if (strcmp(line.argv[0], "timeline") == 0) {
        parse_other(&options_timeline, &line);
    } else if (strcmp(line.argv[0], "sandbox") == 0) {
        parse_other(&options_sandbox, &line);
    } else {
        parse_run(&line);
    }
    command_line_free(&line);
    return 0;
}
