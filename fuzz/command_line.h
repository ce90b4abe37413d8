/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the fuzzers of command lines share: turning bytes into words, and counting the reported
 * lines.
 */
#ifndef FUZZ_COMMAND_LINE_H
#define FUZZ_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/option.h"

/**
 * A command line. Each word has a block of memory of its own, so that a sanitizer sees a read
 * beyond it.
 */
struct command_line {
    int argc;
    char **argv; /**< ends with NULL */
};

/** Turns bytes into words, each of which ends with a NUL; the last one may lack it. */
struct command_line command_line_make(const uint8_t *bytes, size_t size);

void command_line_free(struct command_line *line);

/** Whether `text` points into one of the words. Every text that a parser keeps must do so. */
bool command_line_has(const struct command_line *line, const char *text);

/**
 * Between these two calls a program parses. It may read /etc/passwd, which is replaced by a text of
 * this file, and must neither open another file nor exit. The second call checks that a bad command
 * line was reported in one line, and that a good one gave no message. Both abort if not.
 */
void command_line_begin(void);
void command_line_end(enum option_result result);

/** Aborts if not. */
void command_line_check(bool right);

#endif
