/* SPDX-License-Identifier: BSD-2-Clause */
/** Makes text from outside harmless, once, where it enters: the model holds UTF-8 without
 * control characters, in which XML 1.0 allows every character. */
#ifndef TOOL_WORDS_H
#define TOOL_WORDS_H

#include <stddef.h>
#include <stdio.h>

enum { WORDS_MAX = 3000 /**< the most bytes of a text */ };

/** Returns a malloc'd clean copy. A tab becomes a space; an invalid character becomes U+FFFD;
 * blanks at the ends are removed; a text that is too long is cut, with an ellipsis. */
char *words_clean(const char *bytes, size_t length);

/** Writes clean text for HTML or XML, in an element or in an attribute in double quotes. */
void words_markup(FILE *file, const char *text);

/** Returns the columns on a terminal, approximately: the characters. */
size_t words_width(const char *text);

#endif
