/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any words after `vpsci-check`. An accepted command line has its texts, its limits and a
 * command or files. A refused one gives one line.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "command_line.h"
#include "options.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_options(const struct command_line *line, const struct options *options)
{
    const char *const texts[] = {options->name, options->tap, options->junit, options->html,
                                 options->log};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        command_line_check(texts[i] == NULL || command_line_has(line, texts[i]));
    }
    command_line_check(options->limit != 0 && options->boot_limit != 0);
    command_line_check(options->rest_count >= 1 && options->rest[options->rest_count] == NULL);
    command_line_check(options->rest + options->rest_count == line->argv + line->argc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct command_line line = command_line_make(bytes, size);
    struct options options;

    if (line.argc != 0) {
        bool is_report = strcmp(line.argv[0], "report") == 0;

        command_line_begin();
        enum option_result result = options_parse(is_report ? &options_report : &options_run,
                                                  &options, line.argc - 1, line.argv + 1);
        command_line_end(result);
        if (result == OPTION_GOOD) {
            check_options(&line, &options);
        }
    }
    command_line_free(&line);
    return 0;
}
