/* SPDX-License-Identifier: BSD-2-Clause */
#include "selection.h"

#include <stddef.h>

#include "args.h"

enum { WORDS_SIZE = 512 };

static char words[WORDS_SIZE];

/* Returns the next of the names that commas separate, cut out of `at`; NULL after the last. */
static const char *next_word(char **at)
{
    const char *begin = *at;

    if (begin == NULL) {
        return NULL;
    }
    while (**at != ',' && **at != '\0') {
        (*at)++;
    }
    if (**at == '\0') {
        *at = NULL;
    } else {
        *(*at)++ = '\0';
    }
    return begin;
}

static bool selection_names(const char *name)
{
    char *at = words;

    for (const char *word = next_word(&at); word != NULL; word = next_word(&at)) {
        if (scenario_matches(word, name)) {
            return true;
        }
    }
    return false;
}

static bool selection_means(const struct scenario *scenario)
{
    args_text("scenarios", words, sizeof(words));
    return words[0] == '\0' || selection_names(scenario->name);
}

const struct scenario *list_at(uint32_t number)
{
    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        number -= selection_means(scenario_at(n));
        if (number == 0) {
            return scenario_at(n);
        }
    }
    return NULL;
}

uint32_t list_count(void)
{
    uint32_t count = 0;

    for (uint32_t n = 0; scenario_at(n) != NULL; n++) {
        count += selection_means(scenario_at(n));
    }
    return count;
}
