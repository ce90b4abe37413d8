/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <stddef.h>

#include "platform.h"
#include "string.h"

static bool ends(char c)
{
    return c == '\0' || c == ' ';
}

/* Where the value of KEY= begins, or NULL. The last one counts, as for the kernels this imitates.
 */
static const char *find(const char *key)
{
    const char *at = platform.bootargs != NULL ? platform.bootargs : "";
    const char *found = NULL;
    size_t length = strlen(key);

    while (*at != '\0') {
        size_t word = 0;

        while (!ends(at[word])) {
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
    const char *text = find(key);
    size_t length = strlen(value);

    if (text == NULL) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] != value[i]) {
            return false;
        }
    }
    return ends(text[length]);
}

static unsigned digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static uint64_t number(const char **text)
{
    unsigned base = 10;
    uint64_t value = 0;

    if ((*text)[0] == '0' && (*text)[1] == 'x') {
        base = 16;
        *text += 2;
    }
    for (; digit(**text) < base; (*text)++) {
        value = value * base + digit(**text);
    }
    return value;
}

uint64_t args_number(const char *key, uint64_t otherwise)
{
    const char *text = find(key);

    return text != NULL ? number(&text) : otherwise;
}

uint64_t args_version(const char *key, uint64_t otherwise)
{
    const char *text = find(key);

    if (text == NULL) {
        return otherwise;
    }
    uint64_t major = number(&text);
    if (*text == '.') {
        text++;
    }
    return major << 16 | number(&text);
}

void args_text(const char *key, char *text, uint32_t size)
{
    const char *value = find(key);
    uint32_t length = 0;

    while (value != NULL && length + 1 < size && !ends(value[length])) {
        text[length] = value[length];
        length++;
    }
    text[length] = '\0';
}
