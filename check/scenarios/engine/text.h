/* SPDX-License-Identifier: BSD-2-Clause */
/** Builds lines of text without a C library. What does not fit is left out. */
#ifndef SCENARIOS_TEXT_H
#define SCENARIOS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *buffer; /* always terminated */
    size_t size;
    size_t used;
};

void text_start(struct text *text, char *buffer, size_t size);
void text_add(struct text *text, const char *words);
void text_add_number(struct text *text, uint64_t number);
/** "0x1f" */
void text_add_hex(struct text *text, uint64_t number);
/** Adds a PSCI result by name, or the number if it has none. */
void text_add_result(struct text *text, int64_t result);
/** Adds the names of all codes of a set, IS_*, with "or" between them. */
void text_add_codes(struct text *text, uint32_t codes);

bool text_equal(const char *a, const char *b);

#endif
