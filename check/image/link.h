/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial line: the lines that the image prints, and the one that it may read. The reader may be
 * a person, or `vpsci-check run`, which answers (../protocol.h has the words).
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
    uint32_t number; /* of the scenario, from 1 */
    enum protocol_how how;
    char kept[LINK_WORD_SIZE]; /* the log of this scenario, or "" */
};

void link_line(const char *line);
/* The same for `struct tap`. */
void link_tap_line(void *context, const char *line);
/* Prints "# running 7 name": one of SAY_..., a number, and a text. */
void link_note(const char *words, uint32_t number, const char *text);
/* Prints a line if none has been printed for seconds, so that a long scenario is not taken for
 * a hang. */
void link_pulse(void);
/* Prints SAY_READY, and waits a moment for an answer. Returns false if there is none. */
bool link_ask(struct errand *errand);
/* Reads an answer. Returns false if the line is not one. */
bool link_parse(const char *line, struct errand *errand);

#endif
