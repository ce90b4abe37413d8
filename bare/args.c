/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <stddef.h>

#include "platform.h"
#include "string.h"

static bool args_word_ends(char c)
{
    return c == '\0' || c == ' ';
}

/* Returns where the value of KEY= begins, or NULL. The last one counts, as in Linux. */
static const char *args_find(const char *key)
{
    const char *at = platform.bootargs != NULL ? platform.bootargs : "";
    const char *found = NULL;
    size_t length = strlen(key);

    while (*at != '\0') {
        size_t word = 0;

        while (!args_word_ends(at[word])) {
            word++;
        }
        if (word > length && memcmp(at, key, length) == 0 && at[length] == '=') {
            found = at + length + 1;
        }
        at += word;
        while (*at == ' ') {
            at++;
        }
    }
    return found;
}

bool args_is(const char *key, const char *value)
{
    const char *text = args_find(key);
    size_t length = strlen(value);

    if (text == NULL) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] != value[i]) {
            return false;
        }
    }
    return args_word_ends(text[length]);
}

static unsigned args_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static uint64_t args_take_number(const char **text)
{
    unsigned base = 10;
    uint64_t value = 0;

    if ((*text)[0] == '0' && (*text)[1] == 'x') {
        base = 16;
        *text += 2;
    }
    for (; args_digit(**text) < base; (*text)++) {
        value = value * base + args_digit(**text);
    }
    return value;
}

uint64_t args_number(const char *key, uint64_t otherwise)
{
    const char *text = args_find(key);

    return text != NULL ? args_take_number(&text) : otherwise;
}

uint64_t args_version(const char *key, uint64_t otherwise)
{
    const char *text = args_find(key);

    if (text == NULL) {
        return otherwise;
    }
    uint64_t major = args_take_number(&text);
    if (*text == '.') {
        text++;
    }
    return major << 16 | args_take_number(&text);
}

void args_text(const char *key, char *text, uint32_t size)
{
    const char *value = args_find(key);
    uint32_t length = 0;

    while (value != NULL && length + 1 < size && !args_word_ends(value[length])) {
        text[length] = value[length];
        length++;
    }
    text[length] = '\0';
}
