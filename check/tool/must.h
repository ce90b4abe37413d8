/* SPDX-License-Identifier: BSD-2-Clause */
/** Memory that is there. Where there is no memory the program ends, with
 * status 3: what it started is ended by the kernel then (process.c). */
#ifndef TOOL_MUST_H
#define TOOL_MUST_H

#include <stddef.h>
#include <stdio.h>

/** Room for `count` zeroed things. */
void *must_alloc(size_t count, size_t size);
/** The room made larger, or smaller. */
void *must_resize(void *room, size_t count, size_t size);
char *must_copy(const char *text);
/** A stream into memory: `*text` is malloc'd, and there once the stream is closed. */
FILE *must_stream(char **text, size_t *length);
/** printf() into a malloc'd string. */
char *must_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
