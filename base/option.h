/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Command lines as tables: one row has everything about an option, and the help is printed from the
 * rows. Each room has a table of its own options, and a structure that they fill in.
 */
#ifndef DORMOUSE_BASE_OPTION_H
#define DORMOUSE_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct option_row {
    const char *name;  /**< "--kernel" */
    const char *takes; /**< what the help calls the value, "FILE"; NULL: it takes none */
    const char *help;  /**< "\n" begins another line */
    /**
     * Stores the option's value; if the value is wrong, report()s why and returns false. `value` is
     * NULL if the option takes none; otherwise it lives as long as the command line.
     */
    bool (*set)(const struct option_row *row, void *settings, const char *value);
    size_t offset;            /**< for the setters below: of the member in `settings` */
    const char *what;         /**< for option_set_word(): what the words are, "PSCI backend" */
    const char *const *words; /**< for option_set_word(): in the order of the enum, then NULL */
};

/** The members that every row has; other members may follow by name. */
#define OPTION(option, value, text, setter)                                                        \
    .name = (option), .takes = (value), .help = (text), .set = (setter)

/** The options of one room. */
struct option_table {
    const struct option_row *rows;
    size_t count;
};

/** A table of a command, and the offset of the room's settings in those of the command. */
struct option_part {
    const struct option_table *table;
    size_t offset;
};

/** What another program's option is called here, or why it has no such option: {"smp", "--cpus"}. */
struct option_alias {
    const char *foreign; /**< without its dashes */
    const char *name;    /**< begins with "--"; other text says why there is no such option */
};

struct option_command {
    const char *program;
    const char *word;                   /**< "run" */
    const char *usage;                  /**< the help before the options, */
    const char *notes;                  /**< and after them */
    const struct option_part *parts;    /**< then {NULL, 0} */
    const struct option_alias *aliases; /**< then {NULL, NULL}; or NULL */
    const char *lacking;                /**< what to say if there are fewer than `least` operands */
    int least;
    int most;
};

enum option_result {
    OPTION_GOOD,
    OPTION_HELP, /**< --help: the caller prints option_help() */
    OPTION_BAD,  /**< one line was report()ed */
};

/**
 * Handles the arguments after the command's word. `*operands` is set to the index of the first
 * argument that is not an option. Strings are not copied.
 */
enum option_result option_parse(const struct option_command *command, void *settings, int argc,
                                char *const *argv, int *operands);

void option_help(const struct option_command *command, FILE *file);

/**
 * Handles one line of a file of options: the name without its dashes, and the value. The value of an
 * option that takes none is yes or no. Returns false after report()ing what is wrong.
 */
bool option_set(const struct option_command *command, void *settings, const char *name,
                const char *value);

/**
 * The index of the first of these arguments, of option_parse(), that is no option and no option's value; `argc` if there
 * is none, or if option_parse() would end before.
 */
int option_first_operand(const struct option_command *command, int argc, char *const *argv);

/** Whether these arguments, of option_parse(), have an option of that name, which is without its dashes. */
bool option_is_given(const struct option_command *command, const char *name, int argc,
                     char *const *argv);

/** Setters for rows: a `const char *`, a `bool` that becomes true, an enum that counts from 0. */
bool option_set_text(const struct option_row *row, void *settings, const char *value);
bool option_set_flag(const struct option_row *row, void *settings, const char *value);
bool option_set_word(const struct option_row *row, void *settings, const char *value);

/**
 * Reads decimal digits at *text, and moves *text past them. Returns false if there are none, or if
 * the number has more than 64 bits.
 */
bool option_number(const char **text, uint64_t *number);

/**
 * Reads a size such as "512M": digits, then K, M, G or T; without a letter M is meant. Returns
 * false if it is not a size. `*size` is in bytes, or UINT64_MAX if it is larger.
 */
bool option_size(const char *text, uint64_t *size);

#endif
