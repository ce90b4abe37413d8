/* SPDX-License-Identifier: BSD-2-Clause */
/** A command in words, for reports. */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

/** As one would type it in a shell; malloc'd. */
char *command_text(char *const *words);
/** The program's name without its folder. */
const char *command_name(char *const *words);

#endif
