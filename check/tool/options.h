/* SPDX-License-Identifier: BSD-2-Clause */
/** The command line. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>

#include "base/option.h"

/** The options of `run` or `report`; `monitors` has none. Texts point into the command line. */
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
    bool pty;
    char *const *rest; /**< the command, the files, or a name; NULL-terminated */
    int rest_count;    /**< at least 1, but for `monitors` */
};

extern const struct option_command options_run;
extern const struct option_command options_report;
extern const struct option_command options_monitors;

/** Reads the options of one of these commands from the arguments behind its word. */
enum option_result options_parse(const struct option_command *command, struct options *options,
                                 int argc, char *const *argv);

#endif
