/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/escape.h"

enum { PREFIX = 'a' & 0x1f };

const char escape_help[] =
    "keys: Ctrl-a x ends the VM, Ctrl-a h shows this, Ctrl-a Ctrl-a sends Ctrl-a to the guest";

enum escape_action escape_feed(struct escape *escape, uint8_t *byte)
{
    if (!escape->armed) {
        escape->armed = *byte == PREFIX;
        return escape->armed ? ESCAPE_DROP : ESCAPE_SEND;
    }
    escape->armed = false;
    switch (*byte) {
    case 'x':
        return ESCAPE_QUIT;
    case 'h':
    case '?':
        return ESCAPE_HELP;
    case 'a':
    case PREFIX:
        *byte = PREFIX;
        return ESCAPE_SEND;
    default:
        return ESCAPE_DROP;
    }
}
