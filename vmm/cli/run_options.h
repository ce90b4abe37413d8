/* SPDX-License-Identifier: BSD-2-Clause */
/** The command lines of dormouse. */
#ifndef DORMOUSE_CLI_RUN_OPTIONS_H
#define DORMOUSE_CLI_RUN_OPTIONS_H

#include "base/option.h"
#include "config/config.h"

extern const struct option_command options_run;
extern const struct option_command options_timeline;
extern const struct option_command options_image;
extern const struct option_command options_sandbox;

/**
 * Fills `config` with the defaults, then from the arguments after "run". The strings stay the
 * caller's.
 */
enum option_result options_parse(struct config *config, int argc, char *const *argv);

#endif
