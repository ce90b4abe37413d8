/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The comma-separated words of an option's value: "disk.img,ro,serial=S". Nothing is copied; a word lives as long as the
 * value. All functions are pure.
 */
#ifndef DORMOUSE_BASE_WORD_H
#define DORMOUSE_BASE_WORD_H

#include <stdbool.h>
#include <stddef.h>

/** Part of a value; no NUL ends it. Print it with "%.*s". */
struct word {
    const char *text;
    size_t length;
};

/** The text before the first comma, or all of it. */
struct word word_first(const char *value);

/** The same for a name, in which two commas stand for one that belongs to the name. */
struct word word_first_name(const char *value);

/** Moves to the word after the next comma. Returns false, and leaves the word alone, if it is the last. */
bool word_next(struct word *word);

/** Whether the word is exactly `text`. */
bool word_is(struct word word, const char *text);

/** Whether the word begins with `prefix`, which is removed then. */
bool word_begins(struct word *word, const char *prefix);

/** A copy of a name, with single commas, for free(); NULL without memory. */
char *word_name(struct word word);

#endif
