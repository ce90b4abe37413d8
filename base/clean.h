/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Makes text from outside harmless for a terminal, an HTML page and an XML file: UTF-8 without
 * control characters, without characters that change the direction of text, and without characters
 * that XML forbids.
 */
#ifndef BASE_CLEAN_H
#define BASE_CLEAN_H

#include <stddef.h>
#include <stdio.h>

/**
 * Looks at the first character of `length` bytes, which are at least 1.
 * @param shown  what to show for it: the character, a space for a tab, or U+FFFD
 * @return how many bytes it has
 */
size_t clean_character(const char *bytes, size_t length, const char **shown, size_t *shown_length);

/** Copies text as far as it fits. */
void clean_copy(char *clean, size_t size, const char *text);

/** Prints `length` bytes of text. */
void clean_print(FILE *file, const char *bytes, size_t length);

#endif
