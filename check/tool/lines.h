/* SPDX-License-Identifier: BSD-2-Clause */
/** Splits bytes into lines, in a fixed amount of memory. */
#ifndef TOOL_LINES_H
#define TOOL_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { LINE_SIZE = 16384 };

struct lines {
    char buffer[LINE_SIZE];
    size_t length;
    bool cut; /**< the beginning of the line is lost: it was too long */
};

/** Takes a line without its end, NUL-terminated; `cut`: its beginning is lost. Returns false to
 * stop. */
typedef bool (*line_taker)(void *context, const char *line, bool cut);

/** Hands over all lines that end in these bytes. Carriage returns at the end of a line and control
 *  characters before it are dropped, other NULs become '?'. @return false if the taker said so;
 *  what is left of the bytes is dropped then. */
bool lines_feed(struct lines *lines, const char *bytes, size_t count, line_taker take,
                void *context);
/** Hands over the rest, a line without an end. */
bool lines_finish(struct lines *lines, line_taker take, void *context);

#endif
