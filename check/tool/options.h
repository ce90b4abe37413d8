/* SPDX-License-Identifier: BSD-2-Clause */
/** The command line. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>

/** What `run` or `report` was asked for. Texts are the command line's own. */
struct options {
    const char *name; /**< of the run; NULL: not given */
    const char *tap;
    const char *junit;
    const char *html;
    const char *log;
    unsigned limit;
    unsigned boot_limit;
    unsigned total;
    bool quiet;
    char *const *rest; /**< the command, or the files; NULL-terminated */
    int rest_count;    /**< at least 1 */
};

enum options_result { OPTIONS_GOOD, OPTIONS_HELP, OPTIONS_BAD };

/** Of `run` and of `report`, without these words. What is bad was told. */
enum options_result options_parse_run(struct options *options, int argc, char *const *argv);
enum options_result options_parse_report(struct options *options, int argc, char *const *argv);

const char *options_help_run(void);
const char *options_help_report(void);

#endif
