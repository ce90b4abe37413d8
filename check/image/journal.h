/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a script has seen so far, so that it can be run once more up to the same point by another
 * boot of the image: a scenario that resets the machine, or turns it off, goes on behind that.
 * Scripts are functions of what they see; nothing else has to be remembered.
 */
#ifndef IMAGE_JOURNAL_H
#define IMAGE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "../scenarios/engine/scenario.h"

enum { JOURNAL_SIZE = 480 };

struct journal {
    uint32_t used;
    uint32_t read; /* below `used`: what was seen then is seen again */
    bool full;     /* something did not fit: it cannot be run again */
    uint8_t bytes[JOURNAL_SIZE];
};

/* Forgets all, or goes back to the beginning of what it holds. */
void journal_clear(struct journal *journal);
void journal_rewind(struct journal *journal);
/* Whether there is still something to be seen again. */
bool journal_replays(const struct journal *journal);

/* While it replays these take, else they keep; the caller's value is the one that counts. */
void journal_event(struct journal *journal, struct event *event);
void journal_number(struct journal *journal, uint64_t *number);

/* As hexadecimal digits; `text` has room for twice JOURNAL_SIZE and one. */
void journal_write(const struct journal *journal, char *text);
/* False where that is no journal. */
bool journal_read(struct journal *journal, const char *text);

#endif
