/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option_lines: prints the options of all commands from their tables, one a line, for tools/completions.sh:
 *
 *   COMMAND OPTION            takes no value
 *   COMMAND OPTION = FILE     takes the name of a file
 *   COMMAND OPTION = WORD...  takes one of these words, or, if there are none, something else
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_options.h"
#include "client/verb.h"

static bool names_a_file(const char *takes)
{
    static const char *const files[] = {"FILE", "PATH", "LINK", "WHERE"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (strstr(takes, files[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void print_words(const struct option_row *row)
{
    if (row->words != NULL) {
        for (size_t i = 0; row->words[i] != NULL; i++) {
            printf(" %s", row->words[i]);
        }
        return;
    }
    if (names_a_file(row->takes)) {
        printf(" FILE");
        return;
    }
    /* "on|off": placeholders are in capitals. */
    for (const char *word = row->takes; *word != '\0';) {
        size_t length = strcspn(word, "|");

        if (strcspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ[=,") >= length) {
            printf(" %.*s", (int)length, word);
        }
        word += length + (word[length] == '|');
    }
}

static void print_command(const struct option_command *command)
{
    for (const struct option_part *part = command->parts; part->table != NULL; part++) {
        for (size_t i = 0; i < part->table->count; i++) {
            const struct option_row *row = &part->table->rows[i];

            printf("%s %s", command->word, row->name);
            if (row->takes != NULL) {
                printf(" =");
                print_words(row);
            }
            printf("\n");
        }
    }
    printf("%s --help\n", command->word);
}

int main(void)
{
    print_command(&options_run);
    print_command(&options_timeline);
    print_command(&options_image);
    print_command(&options_sandbox);
#define VERB(word, ...) print_command(&verb_##word.options);
#include "client/verbs.def"
    return 0;
}
