/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Counts what a guest does with its devices, so that an idle one can be told from a busy one
 * (power/quiet.h), and for the figures that operators see. Any thread.
 */
#ifndef DORMOUSE_CORE_ACTIVITY_H
#define DORMOUSE_CORE_ACTIVITY_H

#include <stdint.h>

/** More than a guest does by itself in any time that is looked at. */
enum { ACTIVITY_OPERATOR = 1 << 24 };

/** A device does something for the guest: a request, a packet, a character. */
void activity_note(void);

/** An operator uses the guest, so it is not idle: a key on the console. */
void activity_note_operator(void);

/** Only differences of the count mean something. */
uint64_t activity_count(void);

/** What dormouse itself passes on, as the guest sees it. The kernel (vhost-net) and back-ends count for themselves. */
enum activity_kind {
    ACTIVITY_DISK_READ,
    ACTIVITY_DISK_WRITE,
    ACTIVITY_NET_RECEIVE,
    ACTIVITY_NET_SEND,
    ACTIVITY_VSOCK_RECEIVE,
    ACTIVITY_VSOCK_SEND,
    ACTIVITY_PORT_RECEIVE,
    ACTIVITY_PORT_SEND,
    ACTIVITY_CONSOLE_RECEIVE,
    ACTIVITY_CONSOLE_SEND,
    ACTIVITY_KINDS,
};

struct activity_total {
    uint64_t operations;
    uint64_t bytes;
};

/** One operation more. It says nothing of whether the guest is idle. */
void activity_add(enum activity_kind kind, uint64_t bytes);

/** Since the process has started. */
struct activity_total activity_total(enum activity_kind kind);

#endif
