/* SPDX-License-Identifier: BSD-2-Clause */
#include "clean.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "must.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS    "\xe2\x80\xa6" /* U+2026 */

static bool is_allowed(uint32_t character)
{
    return character >= 0xa0 && (character < 0xd800 || character > 0xdfff) && character != 0xfffe &&
           character != 0xffff && character <= 0x10ffff;
}

/* Bytes of the multi-byte character at `bytes`, 0 if there is none, or none that is allowed. */
static size_t character_length(const unsigned char *bytes, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = bytes[0];
    size_t count = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    uint32_t character = first & (0xffu >> (count + 1));

    if (first < 0xc2 || first > 0xf4 || count > length) {
        return 0;
    }
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    return character >= least[count] && is_allowed(character) ? count : 0;
}

struct copy {
    char *text;
    size_t length;
};

/* Whether it still fitted; room for an ellipsis is left. */
static bool put(struct copy *copy, const void *bytes, size_t count)
{
    if (copy->length + count > CLEAN_MAX - strlen(ELLIPSIS)) {
        return false;
    }
    memcpy(copy->text + copy->length, bytes, count);
    copy->length += count;
    return true;
}

/* Copies the character at `bytes`, whose length is returned; 0: it did not fit. */
static size_t copy_character(struct copy *copy, const unsigned char *bytes, size_t length)
{
    size_t count = 1;

    if (bytes[0] >= ' ' && bytes[0] < 0x7f) {
        return put(copy, bytes, 1) ? 1 : 0;
    }
    if (bytes[0] == '\t') {
        return put(copy, " ", 1) ? 1 : 0;
    }
    if (bytes[0] >= 0x80 && (count = character_length(bytes, length)) > 0) {
        return put(copy, bytes, count) ? count : 0;
    }
    return put(copy, REPLACEMENT, strlen(REPLACEMENT)) ? 1 : 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

char *clean(const char *bytes, size_t length)
{
    while (length > 0 && is_blank(*bytes)) {
        bytes++;
        length--;
    }
    while (length > 0 && is_blank(bytes[length - 1])) {
        length--;
    }
    struct copy copy = {.text = must_alloc(CLEAN_MAX + 1, 1)};
    for (size_t at = 0; at < length;) {
        size_t count = copy_character(&copy, (const unsigned char *)bytes + at, length - at);

        if (count == 0) {
            memcpy(copy.text + copy.length, ELLIPSIS, strlen(ELLIPSIS));
            copy.length += strlen(ELLIPSIS);
            break;
        }
        at += count;
    }
    copy.text[copy.length] = '\0';
    return must_resize(copy.text, copy.length + 1, 1);
}

void clean_markup(FILE *file, const char *text)
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

size_t clean_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}
