/* SPDX-License-Identifier: BSD-2-Clause */
/** What the fuzzers of command lines share: bytes as words, and how many lines were reported of them. */
#ifndef FUZZ_COMMAND_LINE_H
#define FUZZ_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/option.h"

/** A command line whose words have a block of memory each, so that a read beyond one is seen. */
struct command_line {
    int argc;
    char **argv; /**< ends with NULL */
};

/** Bytes as words, each of which ends with a NUL; the last one may lack it. */
struct command_line command_line_make(const uint8_t *bytes, size_t size);

void command_line_free(struct command_line *line);

/** Whether `text` begins in one of the words; what a parser keeps must. */
bool command_line_has(const struct command_line *line, const char *text);

/**
 * Between these two calls a program is parsing: it may read /etc/passwd, in whose place is a text of
 * this file, and must neither open another file nor exit. The second one checks that a bad command
 * line was reported in one line, and that nothing was said of another. Both abort if not.
 */
void command_line_begin(void);
void command_line_end(enum option_result result);

/** Aborts if not. */
void command_line_check(bool right);

#endif
