/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The file of a VM's options: "NAME = VALUE" a line, with the names of the command line without their
 * dashes. docs/dormouse.1 describes it.
 */
#ifndef DORMOUSE_CONFIG_CONFIG_FILE_H
#define DORMOUSE_CONFIG_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/option.h"

enum {
    CONFIG_FILE_LINE_MAX = 190,   /* bytes of a line: the parser's buffer has 200 */
    CONFIG_FILE_VALUE_MAX = 4096, /* of a value that goes on in indented lines */
    CONFIG_FILE_LINES_MAX = 10000,
};

/** Holds the values, which settings point to. */
struct config_file {
    char **values;
    size_t count;
};

/** Options of the command line, which replace those lines of the file that have their names. */
struct config_arguments {
    int count;
    char *const *words;
};

/**
 * Reads the file `path`. Returns false after report()ing one line, which begins with the file's name and the
 * number of the line. config_file_free() is allowed in any case.
 */
bool config_file_read(struct config_file *file, const char *path,
                      const struct option_command *command, void *settings,
                      const struct config_arguments *given);
void config_file_free(struct config_file *file);

/**
 * Finds the file of the VM called `name`: NAME.conf in the folder "dormouse" of $XDG_CONFIG_HOME (~/.config),
 * or /etc/dormouse/NAME.conf. Returns a string for free(), or NULL after report()ing one line.
 */
char *config_file_find(const char *name);

#endif
