/* SPDX-License-Identifier: BSD-2-Clause */
/** A command as text, for reports. */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

/** As it would be typed in a shell; malloc'd. */
char *command_text(char *const *words);
/** The program's name without its folder. */
const char *command_name(char *const *words);

#endif
