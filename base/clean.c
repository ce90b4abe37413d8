/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clean.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct range {
    uint32_t first;
    uint32_t last;
};

/*
 * Beyond ASCII: code points that are no characters, and characters that change how others are
 * shown.
 */
static const struct range refused[] = {
    {0x80, 0x9f},       /* control characters */
    {0x61c, 0x61c},     /* Arabic letter mark */
    {0x200e, 0x200f},   /* left-to-right and right-to-left mark */
    {0x2028, 0x202e},   /* line and paragraph separator; embeddings and overrides of direction */
    {0x2066, 0x2069},   /* isolates of direction */
    {0xd800, 0xdfff},   /* surrogates */
    {0xfffe, 0xffff},   /* not in XML */
    {0xe0000, 0xe007f}, /* invisible tags */
    {0x110000, UINT32_MAX},
};

static bool is_allowed(uint32_t character)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (character >= refused[i].first && character <= refused[i].last) {
            return false;
        }
    }
    return true;
}

/* Returns the length of the multi-byte character at `bytes`; 0 if it is invalid or not allowed. */
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

size_t clean_character(const char *bytes, size_t length, const char **shown, size_t *shown_length)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    unsigned char first = (unsigned char)bytes[0];
    size_t count = 0;

    if (first >= ' ' && first < 0x7f) {
        count = 1;
    } else if (first >= 0x80) {
        count = character_length((const unsigned char *)bytes, length);
    }
    *shown = count > 0 ? bytes : first == '\t' ? " " : replacement;
    *shown_length = count > 0 ? count : strlen(*shown);
    return count > 0 ? count : 1;
}

void clean_copy(char *clean, size_t size, const char *text)
{
    size_t length = strlen(text);
    size_t put = 0;

    for (size_t at = 0; at < length;) {
        const char *shown;
        size_t shown_length;

        at += clean_character(text + at, length - at, &shown, &shown_length);
        if (put + shown_length >= size) {
            break;
        }
        memcpy(clean + put, shown, shown_length);
        put += shown_length;
    }
    clean[put] = '\0';
}

void clean_print(FILE *file, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        const char *shown;
        size_t shown_length;

        at += clean_character(bytes + at, length - at, &shown, &shown_length);
        (void)fwrite(shown, 1, shown_length, file);
    }
}
