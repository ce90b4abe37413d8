/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's keys on a raw terminal. Ctrl-a is the prefix, as in QEMU: x ends the VM, h shows
 * the keys, Ctrl-a (or a) sends one Ctrl-a to the guest. Any other key after the prefix is dropped
 * with it, so that a command of QEMU's which does not exist here does not reach the guest as text.
 */
#ifndef DORMOUSE_CONSOLE_ESCAPE_H
#define DORMOUSE_CONSOLE_ESCAPE_H

#include <stdbool.h>
#include <stdint.h>

struct escape {
    bool armed; /* the last byte was the prefix */
};

enum escape_action {
    ESCAPE_SEND, /* the byte, as escape_feed() has left it, is for the guest */
    ESCAPE_DROP,
    ESCAPE_HELP,
    ESCAPE_QUIT,
};

/* Takes the next byte typed; may change it. */
enum escape_action escape_feed(struct escape *escape, uint8_t *byte);

/* The keys, in one line. */
extern const char escape_help[];

#endif
