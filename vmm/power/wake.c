/* SPDX-License-Identifier: BSD-2-Clause */
#include "power/wake.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned set;
} wake_words[] = {
    {"irq", WAKE_IRQ}, {"rtc", WAKE_RTC},     {"console", WAKE_CONSOLE}, {"signal", WAKE_SIGNAL},
    {"net", WAKE_NET}, {"vsock", WAKE_VSOCK}, {"all", WAKE_ALL},         {"none", 0},
};

enum { WAKE_WORD_COUNT = sizeof(wake_words) / sizeof(wake_words[0]) };

const char *wake_name(unsigned source)
{
    for (size_t i = 0; i < WAKE_WORD_COUNT; i++) {
        if (wake_words[i].set == source) {
            return wake_words[i].name;
        }
    }
    return "unknown";
}

static int wake_word(const char *word, size_t length)
{
    for (size_t i = 0; i < WAKE_WORD_COUNT; i++) {
        if (strlen(wake_words[i].name) == length && memcmp(wake_words[i].name, word, length) == 0) {
            return (int)wake_words[i].set;
        }
    }
    return -1;
}

/*
 * Reads one word with its detail. Returns its set, with its length in *length, or -1.
 */
static int wake_word_with_detail(const char *word, size_t *length, wake_detail_fn *detail,
                                 void *arg)
{
    size_t name = strcspn(word, ",=");
    int source = wake_word(word, name);

    *length = strcspn(word, ",");
    if (word[name] != '=' || source < 0) {
        return source;
    }
    const char *text = word + name + 1;
    size_t taken = detail(arg, (unsigned)source, text);
    if (taken == 0 || (text[taken] != '\0' && text[taken] != ',')) {
        return -1;
    }
    *length = name + 1 + taken;
    return source;
}

int wake_parse(const char *list, wake_detail_fn *detail, void *arg, const char **bad,
               int *bad_length)
{
    unsigned set = 0;
    size_t length;

    for (const char *word = list;;) {
        int one = wake_word_with_detail(word, &length, detail, arg);

        bool alone = word == list && word[length] == '\0';
        if (one < 0 || (one == 0 && !alone)) {
            *bad = word;
            *bad_length = (int)length;
            return -1;
        }
        set |= (unsigned)one;
        if (word[length] == '\0') {
            return (int)set;
        }
        word += length + 1;
    }
}
