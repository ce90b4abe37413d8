/* SPDX-License-Identifier: BSD-2-Clause */
#include "words.h"

#include <stdbool.h>
#include <string.h>

#include "base/clean.h"
#include "must.h"

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

struct copy {
    char *text;
    size_t length;
};

/* Returns whether it fits; leaves room for an ellipsis. */
static bool copy_put(struct copy *copy, const void *bytes, size_t count)
{
    if (copy->length + count > WORDS_MAX - strlen(ELLIPSIS)) {
        return false;
    }
    memcpy(copy->text + copy->length, bytes, count);
    copy->length += count;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

char *words_clean(const char *bytes, size_t length)
{
    while (length > 0 && is_blank(*bytes)) {
        bytes++;
        length--;
    }
    while (length > 0 && is_blank(bytes[length - 1])) {
        length--;
    }
    struct copy copy = {.text = must_alloc(WORDS_MAX + 1, 1)};
    for (size_t at = 0; at < length;) {
        const char *shown;
        size_t shown_length;

        at += clean_character(bytes + at, length - at, &shown, &shown_length);
        if (!copy_put(&copy, shown, shown_length)) {
            memcpy(copy.text + copy.length, ELLIPSIS, strlen(ELLIPSIS));
            copy.length += strlen(ELLIPSIS);
            break;
        }
    }
    copy.text[copy.length] = '\0';
    return must_resize(copy.text, copy.length + 1, 1);
}

void words_markup(FILE *file, const char *text)
{
    static const char *const names[] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < sizeof(names) / sizeof(names[0]) && names[c] != NULL) {
            (void)fputs(names[c], file);
        } else {
            (void)fputc(c, file);
        }
    }
}

size_t words_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}
