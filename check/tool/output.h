/* SPDX-License-Identifier: BSD-2-Clause */
/** A file that is written whole or not at all: under another name in the same folder, until it
 * is complete. An existing device or pipe is written directly. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
    const char *path; /**< NULL: no file is wanted, and nothing happens */
    char *target;     /**< the file to replace, with symbolic links resolved */
    char *temporary;  /**< NULL: written directly */
    FILE *file;       /**< NULL without a path */
};

/** @return false if it cannot be written; the reason was reported. */
bool output_open(struct output *output, const char *path);
/** Completes it. @return false if it could not be written; the reason was reported, and nothing
 * is left of it. */
bool output_close(struct output *output);
/** Leaves nothing of it. */
void output_drop(struct output *output);

#endif
