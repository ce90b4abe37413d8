/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Entries with fields for systemd's journal, by the native protocol of its socket, which is a stable interface. Nothing
 * here waits. journal_open() and journal_close(): main thread, before and after others; journal_send(): any thread.
 */
#ifndef DORMOUSE_BASE_JOURNAL_H
#define DORMOUSE_BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/** Where systemd-journald listens. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/** `name` has capital letters, digits and "_" only. The value may be any text; a field without one (NULL) is left out. */
struct journal_field {
    const char *name;
    const char *value;
};

/** Connects to the socket. Returns false if no journal listens there. */
bool journal_open(const char *path);
void journal_close(void);
bool journal_is_open(void);

/**
 * Sends one entry. Returns false if the journal does not take it: its queue is full, the entry is longer than 5 KiB, or
 * the journal is not open.
 */
bool journal_send(const struct journal_field *fields, size_t count);

#endif
