/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef GUEST_STRING_H
#define GUEST_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
bool string_equal(const char *a, const char *b);
/* Whether `a` comes before `b` in the order of their characters. */
bool string_before(const char *a, const char *b);

#endif
