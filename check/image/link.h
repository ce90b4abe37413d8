/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial line: lines that go out, and the one that may come in. Who reads there may be a
 * person, or `vpsci-check run`, which answers (README.md has the words).
 */
#ifndef IMAGE_LINK_H
#define IMAGE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "../protocol.h"
#include "journal.h"

enum { LINK_WORD_SIZE = 2 * JOURNAL_SIZE + 32 };

/* Where to begin. */
struct errand {
    uint32_t number; /* of the scenario; 1: the first */
    enum protocol_how how;
    char kept[LINK_WORD_SIZE]; /* what this scenario had kept, or "" */
};

void link_line(const char *line);
/* The same for `struct tap`. */
void link_tap_line(void *context, const char *line);
/* "# running 7 name": one of SAY_..., a number, and what follows. */
void link_note(const char *words, uint32_t number, const char *text);
/* Says something if nothing has been said for seconds: a long scenario is no silence. */
void link_pulse(void);
/* Says that the image is there, and waits a moment for an answer. False: there is none. */
bool link_ask(struct errand *errand);
/* What an answer means. False: it is none. */
bool link_parse(const char *line, struct errand *errand);

#endif
