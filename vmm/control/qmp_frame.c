/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/qmp_internal.h"

static enum qmp_frame_state frame_end(struct qmp_frame *frame)
{
    *frame = (struct qmp_frame){.depth = 0};
    return QMP_FRAME_DONE;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_quote(char byte)
{
    return byte == '"' || byte == '\'';
}

/* A newline ends a string, so a string without its end costs only its line. */
static enum qmp_frame_state string_byte(struct qmp_frame *frame, char byte)
{
    if (byte == '\n') {
        return frame_end(frame);
    }
    if (frame->escaped) {
        frame->escaped = false;
    } else if (byte == '\\') {
        frame->escaped = true;
    } else if (byte == frame->quote) {
        frame->quote = '\0';
    }
    return QMP_FRAME_MORE;
}

static enum qmp_frame_state first_byte(struct qmp_frame *frame, char byte)
{
    if (is_space(byte) || byte == QMP_RESYNCHRONISE) {
        return QMP_FRAME_NOTHING;
    }
    frame->begun = true;
    if (byte == '{' || byte == '[') {
        frame->depth = 1;
    } else {
        frame->garbage = true;
    }
    return QMP_FRAME_MORE;
}

/* Brackets are only counted: the parser refuses those that do not match. */
static enum qmp_frame_state nested_byte(struct qmp_frame *frame, char byte)
{
    if (is_quote(byte)) {
        frame->quote = byte;
        return QMP_FRAME_MORE;
    }
    switch (byte) {
    case '{':
    case '[':
        return ++frame->depth > QMP_DEPTH_MAX ? QMP_FRAME_DEEP : QMP_FRAME_MORE;
    case '}':
    case ']':
        return --frame->depth == 0 ? frame_end(frame) : QMP_FRAME_MORE;
    default:
        return QMP_FRAME_MORE;
    }
}

enum qmp_frame_state qmp_frame_byte(struct qmp_frame *frame, char byte)
{
    if (!frame->begun) {
        return first_byte(frame, byte);
    }
    if (byte == QMP_RESYNCHRONISE) {
        return frame_end(frame);
    }
    if (frame->quote != '\0') {
        return string_byte(frame, byte);
    }
    if (frame->garbage) {
        return byte == '\n' ? frame_end(frame) : QMP_FRAME_MORE;
    }
    return nested_byte(frame, byte);
}

/* Copies the escape sequence at `in`, a backslash and a byte. QEMU takes \', and JSON only '. */
static size_t put_escape(char *out, const char *in)
{
    if (in[1] == '\'') {
        out[0] = '\'';
        return 1;
    }
    out[0] = in[0];
    out[1] = in[1];
    return 2;
}

/* Copies a byte of a string, or the quote that ends it. */
static size_t put_byte(char *out, char byte, char quote)
{
    if (byte == quote) {
        out[0] = '"';
        return 1;
    }
    if (byte == '"') {
        out[0] = '\\';
        out[1] = '"';
        return 2;
    }
    out[0] = byte;
    return 1;
}

size_t qmp_frame_quotes(char *out, const char *in, size_t length)
{
    size_t at = 0;
    char quote = '\0';

    for (size_t i = 0; i < length; i++) {
        if (quote != '\0' && in[i] == '\\' && i + 1 < length) {
            at += put_escape(out + at, in + i);
            i++;
        } else if (quote != '\0') {
            at += put_byte(out + at, in[i], quote);
            quote = in[i] == quote ? '\0' : quote;
        } else {
            quote = is_quote(in[i]) ? in[i] : '\0';
            out[at++] = quote != '\0' ? '"' : in[i];
        }
    }
    return at;
}
