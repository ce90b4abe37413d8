/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/word.h"

#include <stdlib.h>
#include <string.h>

struct word word_first(const char *value)
{
    return (struct word){value, strcspn(value, ",")};
}

struct word word_first_name(const char *value)
{
    size_t length = 0;

    while (value[length] != '\0' && (value[length] != ',' || value[length + 1] == ',')) {
        length += value[length] == ',' ? 2 : 1;
    }
    return (struct word){value, length};
}

bool word_next(struct word *word)
{
    const char *end = word->text + word->length;

    if (*end != ',') {
        return false;
    }
    *word = word_first(end + 1);
    return true;
}

bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

bool word_begins(struct word *word, const char *prefix)
{
    size_t length = strlen(prefix);

    if (word->length < length || memcmp(word->text, prefix, length) != 0) {
        return false;
    }
    word->text += length;
    word->length -= length;
    return true;
}

char *word_name(struct word word)
{
    char *name = malloc(word.length + 1);
    size_t size = 0;

    for (size_t i = 0; name != NULL && i < word.length; i++) {
        name[size++] = word.text[i];
        i += word.text[i] == ',' ? 1 : 0;
    }
    if (name != NULL) {
        name[size] = '\0';
    }
    return name;
}
