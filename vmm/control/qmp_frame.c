/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/qmp_internal.h"

static enum qmp_frame_state end(struct qmp_frame *frame)
{
    *frame = (struct qmp_frame){.depth = 0};
    return QMP_FRAME_DONE;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* A line's end is never inside a string of JSON: one that is left open costs its line, no more. */
static enum qmp_frame_state string_byte(struct qmp_frame *frame, char byte)
{
    if (byte == '\n') {
        return end(frame);
    }
    if (frame->escaped) {
        frame->escaped = false;
    } else if (byte == '\\') {
        frame->escaped = true;
    } else if (byte == '"') {
        frame->in_string = false;
    }
    return QMP_FRAME_MORE;
}

static enum qmp_frame_state first_byte(struct qmp_frame *frame, char byte)
{
    if (is_space(byte)) {
        return QMP_FRAME_MORE;
    }
    frame->begun = true;
    if (byte == '{' || byte == '[') {
        frame->depth = 1;
    } else {
        frame->garbage = true;
    }
    return QMP_FRAME_MORE;
}

/* Brackets are counted, not matched: what does not match is the parser's to refuse. */
static enum qmp_frame_state nested_byte(struct qmp_frame *frame, char byte)
{
    switch (byte) {
    case '"':
        frame->in_string = true;
        return QMP_FRAME_MORE;
    case '{':
    case '[':
        return ++frame->depth > QMP_DEPTH_MAX ? QMP_FRAME_DEEP : QMP_FRAME_MORE;
    case '}':
    case ']':
        return --frame->depth == 0 ? end(frame) : QMP_FRAME_MORE;
    default:
        return QMP_FRAME_MORE;
    }
}

enum qmp_frame_state qmp_frame_byte(struct qmp_frame *frame, char byte)
{
    if (frame->in_string) {
        return string_byte(frame, byte);
    }
    if (frame->garbage) {
        return byte == '\n' ? end(frame) : QMP_FRAME_MORE;
    }
    return frame->begun ? nested_byte(frame, byte) : first_byte(frame, byte);
}
