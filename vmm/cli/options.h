/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of `dormouse run`. */
#ifndef DORMOUSE_CONTROL_OPTIONS_H
#define DORMOUSE_CONTROL_OPTIONS_H

#include "cli/config.h"

enum options_result {
    OPTIONS_RUN,
    OPTIONS_HELP, /* --help: the caller prints options_help() */
    OPTIONS_BAD,  /* one line has been report()ed */
};

/*
 * Fills `config` from the arguments behind "run", starting from the command line's own defaults:
 * those of config_init(), but that SYSTEM_SUSPEND is honoured. The strings stay the caller's.
 */
enum options_result options_parse(struct config *config, int argc, char *const *argv);

/* The text of `dormouse run --help`. */
const char *options_help(void);

/* "honour", "refuse", "ask" or "off". */
const char *options_policy_name(enum suspend_policy policy);

/* "user", "kernel" or "auto". */
const char *options_mode_name(enum psci_mode mode);

#endif
