/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "must.h"

static void write_word(FILE *file, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_@%+=:,./-";

    if (*word != '\0' && strspn(word, plain) == strlen(word)) {
        (void)fputs(word, file);
        return;
    }
    (void)fputc('\'', file);
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            (void)fputs("'\\''", file);
        } else {
            (void)fputc(*word, file);
        }
    }
    (void)fputc('\'', file);
}

char *command_text(char *const *words)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = must_stream(&text, &length);

    for (size_t i = 0; words[i] != NULL; i++) {
        if (i > 0) {
            (void)fputc(' ', file);
        }
        write_word(file, words[i]);
    }
    (void)fclose(file);
    return text;
}

const char *command_name(char *const *words)
{
    const char *slash = strrchr(words[0], '/');

    return slash != NULL && slash[1] != '\0' ? slash + 1 : words[0];
}
