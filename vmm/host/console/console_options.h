/* SPDX-License-Identifier: BSD-2-Clause */
/** The console's options for a command line. */
#ifndef DORMOUSE_HOST_CONSOLE_OPTIONS_H
#define DORMOUSE_HOST_CONSOLE_OPTIONS_H

#include "base/option.h"

/** They set one `const char *`, a target for console_create(). */
extern const struct option_table console_options;

#endif
