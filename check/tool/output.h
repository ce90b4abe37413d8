/* SPDX-License-Identifier: BSD-2-Clause */
/** A file that is written whole or not at all: under another name beside it, until it is complete.
 * What is there and is no regular file, a device or a pipe, is written directly. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
    const char *path; /**< NULL: none is wanted, and nothing happens */
    char *target;     /**< what is replaced, with no symbolic link at its end */
    char *temporary;  /**< NULL: written directly */
    FILE *file;       /**< NULL without a path */
};

/** @return false if it cannot be written, which was told. */
bool output_open(struct output *output, const char *path);
/** Completes it. @return false if it could not be written, which was told; then nothing is left of
 * it. */
bool output_close(struct output *output);
/** Leaves nothing of it. */
void output_drop(struct output *output);

#endif
