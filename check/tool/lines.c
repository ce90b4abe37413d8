/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include <string.h>

/* Keeps the end of the line, where "TAP version 14" would be behind noise without a newline. */
static void make_room(struct lines *lines)
{
    if (lines->length < LINE_SIZE - 1) {
        return;
    }
    size_t kept = LINE_SIZE / 4;
    memmove(lines->buffer, lines->buffer + lines->length - kept, kept);
    lines->length = kept;
    lines->cut = true;
}

static bool hand_over(struct lines *lines, line_taker take, void *context)
{
    bool cut = lines->cut;
    size_t length = lines->length;

    while (length > 0 && lines->buffer[length - 1] == '\r') {
        length--;
    }
    lines->buffer[length] = '\0';
    lines->length = 0;
    lines->cut = false;
    return take(context, lines->buffer, cut);
}

bool lines_feed(struct lines *lines, const char *bytes, size_t count, line_taker take,
                void *context)
{
    for (size_t i = 0; i < count; i++) {
        char c = bytes[i];

        if (c == '\n') {
            if (!hand_over(lines, take, context)) {
                return false;
            }
        } else if (lines->length > 0 || (unsigned char)c >= ' ') {
            make_room(lines);
            lines->buffer[lines->length++] = c;
            if (c == '\0') {
                lines->buffer[lines->length - 1] = '?';
            }
        }
    }
    return true;
}

bool lines_finish(struct lines *lines, line_taker take, void *context)
{
    return lines->length == 0 || hand_over(lines, take, context);
}
