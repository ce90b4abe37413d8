/* SPDX-License-Identifier: BSD-2-Clause */
/** What starts the image on monitors and hypervisors: commands for a shell. */
#ifndef TOOL_MONITORS_H
#define TOOL_MONITORS_H

#include <stdbool.h>
#include <stdio.h>

/** Prints the names of all, each with what it is. */
void monitors_list(FILE *file);
/** Prints the command for the monitor of that name, below comments. @return false if no monitor has the name. */
bool monitors_show(FILE *file, const char *name);

#endif
