/* SPDX-License-Identifier: BSD-2-Clause */
/** Allocation that does not fail. If there is no memory the program ends with status 3, and the
 * kernel ends what it started (process.c). */
#ifndef TOOL_MUST_H
#define TOOL_MUST_H

#include <stddef.h>
#include <stdio.h>

/** Room for `count` zeroed elements. */
void *must_alloc(size_t count, size_t size);
/** Resizes the room. */
void *must_resize(void *room, size_t count, size_t size);
char *must_copy(const char *text);
/** A stream into memory: `*text` is malloc'd, and valid after the stream is closed. */
FILE *must_stream(char **text, size_t *length);
/** printf() into a malloc'd string. */
char *must_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
