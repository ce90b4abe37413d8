/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The events that a script has seen so far. With them, another boot of the image can run the script
 * up to the same point, so a scenario that resets the machine or turns it off continues after that.
 * Scripts depend only on what they see; nothing else has to be remembered.
 */
#ifndef IMAGE_JOURNAL_H
#define IMAGE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "../scenarios/engine/scenario.h"

enum { JOURNAL_SIZE = 480 };

struct journal {
    uint32_t used;
    uint32_t read; /* if below `used`, the events from here on are replayed */
    bool full;     /* an event did not fit: the script cannot be replayed */
    uint8_t bytes[JOURNAL_SIZE];
};

/* Forgets all events; goes back to the first event. */
void journal_clear(struct journal *journal);
void journal_rewind(struct journal *journal);
/* Returns whether there are events left to replay. */
bool journal_replays(const struct journal *journal);

/* While it replays, these set the caller's value; otherwise they store it. */
void journal_event(struct journal *journal, struct event *event);
void journal_number(struct journal *journal, uint64_t *number);

/* Writes the journal as hexadecimal digits; `text` has room for twice JOURNAL_SIZE and one. */
void journal_write(const struct journal *journal, char *text);
/* Returns false if the text is not a journal. */
bool journal_read(struct journal *journal, const char *text);

#endif
