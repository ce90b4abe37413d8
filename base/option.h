/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Command lines as tables: what is known of an option is one row, and the help is printed from the
 * rows. A room brings a table of its own options, and a structure of its own that they fill.
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
    /** Sets what the option asks for; report()s what is wrong with the value and returns false.
     * `value` is NULL if the option takes none; else it lives as long as the command line. */
    bool (*set)(const struct option_row *row, void *settings, const char *value);
    size_t offset;            /**< for the setters below: of the member in `settings` */
    const char *what;         /**< for option_set_word(): what the words are, "PSCI backend" */
    const char *const *words; /**< for option_set_word(): in the order of the enum, then NULL */
};

/** The members that every row has; the others may follow by name. */
#define OPTION(option, value, text, setter)                                                        \
    .name = (option), .takes = (value), .help = (text), .set = (setter)

/** The options of one room. */
struct option_table {
    const struct option_row *rows;
    size_t count;
};

/** A table of a command, and where the room's settings are in those of the command. */
struct option_part {
    const struct option_table *table;
    size_t offset;
};

/** What an option of another program is called here: {"smp", "--cpus"}. */
struct option_alias {
    const char *foreign; /**< without its dashes */
    const char *name;
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
 * Sets what the arguments behind the command's word ask for. `*operands` is set to the index of the
 * first argument that is not an option. Strings are not copied.
 */
enum option_result option_parse(const struct option_command *command, void *settings, int argc,
                                char *const *argv, int *operands);

void option_help(const struct option_command *command, FILE *file);

/** Setters for rows: a `const char *`, a `bool` that becomes true, an enum that counts from 0. */
bool option_set_text(const struct option_row *row, void *settings, const char *value);
bool option_set_flag(const struct option_row *row, void *settings, const char *value);
bool option_set_word(const struct option_row *row, void *settings, const char *value);

/** Reads decimal digits from *text on, which moves behind them. Returns false if there are none, or
 * the number has more than 64 bits. */
bool option_number(const char **text, uint64_t *number);

/** Reads "512M": digits and one of K, M, G and T, or none of them for M. Returns false if it is not
 * a size; `*size` is in bytes, UINT64_MAX for more than that. */
bool option_size(const char *text, uint64_t *size);

#endif
