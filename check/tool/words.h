/* SPDX-License-Identifier: BSD-2-Clause */
/** Words of strangers made harmless, once, where they come in: what the model holds is UTF-8
 * without control characters, in which every character is one that XML 1.0 allows. */
#ifndef TOOL_WORDS_H
#define TOOL_WORDS_H

#include <stddef.h>
#include <stdio.h>

enum { WORDS_MAX = 3000 /**< bytes that a text has at most */ };

/** A malloc'd clean copy. A tab becomes a space; what is no such character becomes U+FFFD; blanks
 * at the ends go; what is too long is cut, with an ellipsis. */
char *words_clean(const char *bytes, size_t length);

/** Clean text for HTML or XML, in an element or in an attribute in double quotes. */
void words_markup(FILE *file, const char *text);

/** Columns on a terminal, nearly: characters. */
size_t words_width(const char *text);

#endif
