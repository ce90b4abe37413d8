/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/option.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"

/* A row, and the offset of its room's settings in those of the command. */
struct found {
    const struct option_row *row;
    size_t offset;
};

/* Calls `fits` with each row until it returns true. */
static struct found find_row(const struct option_command *command,
                             bool (*fits)(const struct option_row *row, const char *text,
                                          size_t length),
                             const char *text, size_t length)
{
    for (const struct option_part *part = command->parts; part->table != NULL; part++) {
        for (size_t k = 0; k < part->table->count; k++) {
            const struct option_row *row = &part->table->rows[k];

            if (fits(row, text, length)) {
                return (struct found){row, part->offset};
            }
        }
    }
    return (struct found){NULL, 0};
}

static bool has_name(const struct option_row *row, const char *text, size_t length)
{
    return strlen(row->name) == length && memcmp(row->name, text, length) == 0;
}

static bool has_bare_name(const struct option_row *row, const char *text, size_t length)
{
    const char *bare = row->name + strspn(row->name, "-");

    return strlen(bare) == length && memcmp(bare, text, length) == 0;
}

/* "-kernel", "kernel" and "--kern" all mean "--kernel"; `text` is without its dashes. */
static bool is_meant(const struct option_row *row, const char *text, size_t length)
{
    const char *bare = row->name + strspn(row->name, "-");

    return length >= 3 && strncmp(bare, text, length) == 0;
}

/* Returns the option that `argument` may be meant to be, why the program has none, or NULL. */
static const char *guess_option(const struct option_command *command, const char *argument)
{
    const char *bare = argument + strspn(argument, "-");
    size_t length = strcspn(bare, "=");
    const struct option_alias *alias = command->aliases;

    for (; alias != NULL && alias->foreign != NULL; alias++) {
        if (strlen(alias->foreign) == length && memcmp(alias->foreign, bare, length) == 0) {
            return alias->name;
        }
    }
    struct found found = find_row(command, is_meant, bare, length);
    return found.row != NULL ? found.row->name : NULL;
}

static void report_unknown(const struct option_command *command, const char *argument)
{
    const char *meant = guess_option(command, argument);

    if (meant == NULL) {
        report("%s: %s is not an option; see %s %s --help", command->word, argument,
               command->program, command->word);
    } else if (meant[0] == '-') {
        report("%s: %s is not an option; did you mean %s? See %s %s --help", command->word,
               argument, meant, command->program, command->word);
    } else {
        report("%s: %s is not an option: %s", command->word, argument, meant);
    }
}

/* Handles the option at argv[*at] and its value, and moves *at past them. */
static bool take_option(const struct option_command *command, void *settings, int argc,
                        char *const *argv, int *at)
{
    const char *argument = argv[(*at)++];
    size_t length = strcspn(argument, "=");
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
    struct found found = find_row(command, has_name, argument, length);
    const struct option_row *row = found.row;

    if (row == NULL) {
        report_unknown(command, argument);
        return false;
    }
    if (row->takes == NULL && value != NULL) {
        report("%s: %s takes no value", command->word, row->name);
        return false;
    }
    if (row->takes != NULL && value == NULL) {
        if (*at == argc) {
            report("%s: %s needs a value: %s; see %s %s --help", command->word, row->name,
                   row->takes, command->program, command->word);
            return false;
        }
        value = argv[(*at)++];
    }
    return row->set(row, (char *)settings + found.offset, value);
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* "-" is an operand: standard input. */
static bool is_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0';
}

static enum option_result check_operands(const struct option_command *command, int count,
                                         char *const *operands)
{
    if (count < command->least) {
        report("%s: %s; see %s %s --help", command->word, command->lacking, command->program,
               command->word);
        return OPTION_BAD;
    }
    if (count > command->most) {
        report("%s: unexpected argument %s; see %s %s --help", command->word,
               operands[command->most], command->program, command->word);
        return OPTION_BAD;
    }
    return OPTION_GOOD;
}

enum option_result option_parse(const struct option_command *command, void *settings, int argc,
                                char *const *argv, int *operands)
{
    int at = 0;

    while (at < argc && is_option(argv[at])) {
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (is_help(argv[at])) {
            return OPTION_HELP;
        }
        if (!take_option(command, settings, argc, argv, &at)) {
            return OPTION_BAD;
        }
    }
    *operands = at;
    return check_operands(command, argc - at, argv + at);
}

static struct found find_bare(const struct option_command *command, const char *name)
{
    return find_row(command, has_bare_name, name, strlen(name));
}

/* How many arguments the option at argv[0] takes up; 0: there is no such option. */
static int option_width(const struct option_command *command, char *const *argv)
{
    size_t length = strcspn(argv[0], "=");
    const struct option_row *row = find_row(command, has_name, argv[0], length).row;

    if (row == NULL) {
        return strcmp(argv[0], "--") == 0;
    }
    return row->takes != NULL && argv[0][length] == '\0' ? 2 : 1;
}

int option_first_operand(const struct option_command *command, int argc, char *const *argv)
{
    int at = 0;

    while (at < argc && is_option(argv[at])) {
        int width = option_width(command, argv + at);

        if (width == 0) {
            return argc;
        }
        at += width;
        if (strcmp(argv[at - width], "--") == 0) {
            break;
        }
    }
    return at < argc ? at : argc;
}

bool option_is_given(const struct option_command *command, const char *name, int argc,
                     char *const *argv)
{
    const struct option_row *row = find_bare(command, name).row;
    int width = 1;

    for (int at = 0; width > 0 && at < argc && is_option(argv[at]); at += width) {
        if (row != NULL && has_name(row, argv[at], strcspn(argv[at], "="))) {
            return true;
        }
        width = option_width(command, argv + at);
    }
    return false;
}

static void report_unknown_name(const struct option_command *command, const char *name)
{
    const char *meant = guess_option(command, name);

    if (meant == NULL) {
        report("%s is not an option; see %s %s --help", name, command->program, command->word);
    } else if (meant[0] == '-') {
        report("%s is not an option; did you mean %s?", name, meant + strspn(meant, "-"));
    } else {
        report("%s is not an option: %s", name, meant);
    }
}

static bool set_switch(const struct option_row *row, void *settings, const char *value)
{
    if (strcmp(value, "no") == 0) {
        return true;
    }
    if (strcmp(value, "yes") != 0) {
        report("%s = %s: give yes or no", row->name + strspn(row->name, "-"), value);
        return false;
    }
    return row->set(row, settings, NULL);
}

bool option_set(const struct option_command *command, void *settings, const char *name,
                const char *value)
{
    struct found found = find_bare(command, name);

    if (found.row == NULL) {
        report_unknown_name(command, name);
        return false;
    }
    void *member = (char *)settings + found.offset;
    return found.row->takes == NULL ? set_switch(found.row, member, value)
                                    : found.row->set(found.row, member, value);
}

/* --- The help. --- */

static size_t row_width(const struct option_row *row)
{
    return strlen(row->name) + (row->takes != NULL ? 1 + strlen(row->takes) : 0);
}

static size_t widest_row(const struct option_command *command)
{
    size_t widest = strlen("--help");

    for (const struct option_part *part = command->parts; part->table != NULL; part++) {
        for (size_t k = 0; k < part->table->count; k++) {
            size_t width = row_width(&part->table->rows[k]);

            widest = width > widest ? width : widest;
        }
    }
    return widest;
}

static void print_row(const struct option_row *row, size_t column, FILE *file)
{
    const char *text = row->help;
    size_t width = row_width(row);

    (void)fprintf(file, "  %s%s%s%*s", row->name, row->takes != NULL ? " " : "",
                  row->takes != NULL ? row->takes : "", (int)(column - width), "");
    for (;;) {
        size_t length = strcspn(text, "\n");

        (void)fprintf(file, "%.*s\n", (int)length, text);
        if (text[length] == '\0') {
            return;
        }
        text += length + 1;
        (void)fprintf(file, "  %*s", (int)column, "");
    }
}

void option_help(const struct option_command *command, FILE *file)
{
    static const struct option_row help = {.name = "--help", .help = "print this text"};
    size_t column = widest_row(command) + 2;

    (void)fprintf(file, "%s\n", command->usage);
    for (const struct option_part *part = command->parts; part->table != NULL; part++) {
        for (size_t k = 0; k < part->table->count; k++) {
            print_row(&part->table->rows[k], column, file);
        }
    }
    print_row(&help, column, file);
    (void)fprintf(file, "\n%s", command->notes);
}

/* --- Values. --- */

bool option_set_text(const struct option_row *row, void *settings, const char *value)
{
    *(const char **)((char *)settings + row->offset) = value;
    return true;
}

bool option_set_flag(const struct option_row *row, void *settings, const char *value)
{
    (void)value;
    *(bool *)((char *)settings + row->offset) = true;
    return true;
}

/* "a, b or c". */
static void join_words(const char *const *words, char *text, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; words[i] != NULL && length < size; i++) {
        const char *before = i == 0 ? "" : words[i + 1] != NULL ? ", " : " or ";

        length += (size_t)snprintf(text + length, size - length, "%s%s", before, words[i]);
    }
}

bool option_set_word(const struct option_row *row, void *settings, const char *value)
{
    char all[128];

    for (int i = 0; row->words[i] != NULL; i++) {
        if (strcmp(value, row->words[i]) == 0) {
            *(int *)((char *)settings + row->offset) = i;
            return true;
        }
    }
    join_words(row->words, all, sizeof(all));
    report("%s %s: unknown %s; use %s", row->name, value, row->what, all);
    return false;
}

bool option_number(const char **text, uint64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)**text)) {
        return false;
    }
    errno = 0;
    *number = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

bool option_size(const char *text, uint64_t *size)
{
    static const char units[] = "KMGT";
    uint64_t number;

    if (!option_number(&text, &number) || (*text != '\0' && text[1] != '\0')) {
        return false;
    }
    const char *unit = *text == '\0' ? units + 1 : strchr(units, toupper((unsigned char)*text));
    if (unit == NULL) {
        return false;
    }
    unsigned shift = 10 * (unsigned)(unit - units + 1);
    *size = number << shift >> shift == number ? number << shift : UINT64_MAX;
    return true;
}
