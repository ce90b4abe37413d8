/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include "../../numbers.h"

void text_start(struct text *text, char *buffer, size_t size)
{
    text->buffer = buffer;
    text->size = size;
    text->used = 0;
    buffer[0] = '\0';
}

static void add_char(struct text *text, char c)
{
    if (text->used + 1 < text->size) {
        text->buffer[text->used++] = c;
        text->buffer[text->used] = '\0';
    }
}

void text_add(struct text *text, const char *words)
{
    for (; *words != '\0'; words++) {
        add_char(text, *words);
    }
}

static void add_based(struct text *text, uint64_t number, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0) {
        add_char(text, digits[--count]);
    }
}

void text_add_number(struct text *text, uint64_t number)
{
    add_based(text, number, 10);
}

void text_add_hex(struct text *text, uint64_t number)
{
    text_add(text, "0x");
    add_based(text, number, 16);
}

void text_add_result(struct text *text, int64_t result)
{
    const char *name = ret_name(result);

    if (name != NULL) {
        text_add(text, name);
    } else {
        text_add_hex(text, (uint64_t)result);
    }
}

void text_add_codes(struct text *text, uint32_t codes)
{
    const char *between = "";

    for (int result = RET_SUCCESS; result >= RET_LOWEST; result--) {
        if ((codes & (1U << -result)) != 0) {
            text_add(text, between);
            text_add(text, ret_name(result));
            between = " or ";
        }
    }
}

bool text_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}
