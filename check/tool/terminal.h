/* SPDX-License-Identifier: BSD-2-Clause */
/** A pseudo-terminal for a command that reads its serial line only from a terminal. */
#ifndef TOOL_TERMINAL_H
#define TOOL_TERMINAL_H

#include <stdbool.h>

/**
 * Opens one, raw: it changes no byte and echoes nothing, whatever the command makes of it. It is no process's
 * controlling terminal, and no program that is started later inherits it.
 * @param pair the command's end, and ours
 * @return false, with errno set and nothing open
 */
bool terminal_open(int pair[2]);

#endif
