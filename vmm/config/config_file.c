/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"

struct config_reading {
    struct config_file *file;
    const char *path;
    const struct option_command *command;
    void *settings;
    const struct config_arguments *given;
    FILE *stream;
    int error;       /* of the read that failed */
    unsigned line;   /* that was read last */
    bool indented;   /* it goes on with the value of the line before */
    bool failed;     /* and reported */
    unsigned option; /* the line that the option below began in; 0: before the first option */
    char name[CONFIG_FILE_LINE_MAX + 1];
    char value[CONFIG_FILE_VALUE_MAX + 1];
};

/* Messages of the options' own functions get the place, too. */
static void reading_name_place(const struct config_reading *reading, unsigned line, char *place,
                               size_t size)
{
    (void)snprintf(place, size, "%s:%u", reading->path, line);
    report_name(place);
}

static void reading_fail(struct config_reading *reading, unsigned line, const char *why)
{
    char place[512];

    reading_name_place(reading, line, place, sizeof(place));
    report("%s", why);
    report_name(NULL);
    reading->failed = true;
}

/* The options keep pointers to their values. */
static const char *config_file_keep(struct config_file *file, const char *value)
{
    char **values = realloc(file->values, (file->count + 1) * sizeof(*values));

    if (values == NULL) {
        return NULL;
    }
    file->values = values;
    values[file->count] = strdup(value);
    return values[file->count] != NULL ? values[file->count++] : NULL;
}

/* Sets the option whose last line has been read. */
static void reading_set_option(struct config_reading *reading)
{
    char place[512];
    unsigned line = reading->option;

    reading->option = 0;
    if (line == 0 || reading->failed ||
        option_is_given(reading->command, reading->name, reading->given->count,
                        reading->given->words)) {
        return;
    }
    const char *value = config_file_keep(reading->file, reading->value);
    if (value == NULL) {
        reading_fail(reading, line, strerror(ENOMEM));
        return;
    }
    reading_name_place(reading, line, place, sizeof(place));
    reading->failed = !option_set(reading->command, reading->settings, reading->name, value);
    report_name(NULL);
}

/* An indented line: one space takes the place of the end of the line before. */
static bool reading_continue(struct config_reading *reading, const char *more)
{
    size_t length = strlen(reading->value);
    size_t room = sizeof(reading->value) - length;

    if (reading->option == 0) {
        reading_fail(reading, reading->line,
                     "an indented line continues the line before, but there is none");
        return false;
    }
    if ((size_t)snprintf(reading->value + length, room, " %s", more) >= room) {
        reading_fail(reading, reading->line, "the value is too long");
        return false;
    }
    return true;
}

/* Called by the parser for each line that has a value. False: a line is wrong. */
static int reading_take(void *arg, const char *section, const char *name, const char *value)
{
    struct config_reading *reading = arg;

    (void)section;
    if (reading->failed) {
        return false;
    }
    if (reading->indented) {
        return reading_continue(reading, value);
    }
    if (strcmp(name, "name") == 0) {
        reading_fail(reading, reading->line,
                     "the VM has the name of this file; leave out the line");
        return false;
    }
    reading_set_option(reading);
    (void)snprintf(reading->name, sizeof(reading->name), "%s", name);
    (void)snprintf(reading->value, sizeof(reading->value), "%s", value);
    reading->option = reading->line;
    return !reading->failed;
}

/* Where the parser would see a section: not in a line that continues another one. */
static bool line_is_section(const struct config_reading *reading, const char *line)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    const size_t mark = sizeof(byte_order_mark) - 1;

    if (reading->line == 1 && strncmp(line, byte_order_mark, mark) == 0) {
        line += mark;
    }
    if (reading->option == 0) {
        line += strspn(line, " \t");
    }
    return line[0] == '[';
}

/* What is wrong with a line before the parser sees it; NULL: nothing. */
static const char *line_problem(const struct config_reading *reading, const char *line,
                                size_t length)
{
    if (line_is_section(reading, line)) {
        return "the file has no sections; leave out the line in brackets";
    }
    if (strlen(line) != length) {
        return "the file is not a text";
    }
    if (length > CONFIG_FILE_LINE_MAX) {
        return "the line is longer than 190 bytes; continue it in an indented line";
    }
    return NULL;
}

/* A line that is too long is not read to its end. */
enum { LINE_ROOM = CONFIG_FILE_LINE_MAX + 2 };

/* Returns the length of the line, or 0 at the end of the file. */
static size_t line_read(struct config_reading *reading, char line[LINE_ROOM])
{
    size_t length = 0;
    int byte = '\0';

    while (byte != '\n' && length < LINE_ROOM - 1) {
        byte = getc_unlocked(reading->stream);
        if (byte == EOF) {
            reading->error = errno;
            break;
        }
        line[length++] = (char)byte;
    }
    line[length] = '\0';
    return ferror(reading->stream) == 0 ? length : 0;
}

/* Gives the parser the next line, and stops it by the file's end if one is wrong. */
static char *reading_next(char *buffer, int size, void *arg)
{
    struct config_reading *reading = arg;
    char line[LINE_ROOM];
    size_t length = reading->failed ? 0 : line_read(reading, line);

    if (length == 0) {
        return NULL;
    }
    reading->line++;
    const char *problem = line_problem(reading, line, length);
    if (problem == NULL && reading->line > CONFIG_FILE_LINES_MAX) {
        problem = "the file has too many lines";
    }
    if (problem != NULL) {
        reading_fail(reading, reading->line, problem);
    }
    reading->indented = line[0] == ' ' || line[0] == '\t';
    (void)snprintf(buffer, (size_t)size, "%s", line);
    return problem == NULL ? buffer : NULL;
}

bool config_file_read(struct config_file *file, const char *path,
                      const struct option_command *command, void *settings,
                      const struct config_arguments *given)
{
    struct config_reading reading = {
        .file = file, .path = path, .command = command, .settings = settings, .given = given};

    *file = (struct config_file){0};
    reading.stream = fopen(path, "re");
    if (reading.stream == NULL) {
        report("cannot open %s: %s", file_shown(path), strerror(errno));
        return false;
    }
    int bad_line = ini_parse_stream(reading_next, &reading, reading_take, &reading);
    reading_set_option(&reading);
    if (!reading.failed && ferror(reading.stream) != 0) {
        reading_fail(&reading, reading.line + 1, strerror(reading.error));
    }
    if (!reading.failed && bad_line != 0) {
        reading_fail(&reading, (unsigned)bad_line, "not a line of the form NAME = VALUE");
    }
    (void)fclose(reading.stream);
    return !reading.failed;
}

void config_file_free(struct config_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        free(file->values[i]);
    }
    free(file->values);
    *file = (struct config_file){0};
}

static const char common_configuration[] = "/etc/dormouse/";

/* The user's own file; NULL without memory, or if the user has no folder for it. */
static char *user_file(const char *name)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    int length = -1;

    if (config != NULL && config[0] == '/') {
        length = asprintf(&path, "%s/dormouse/%s.conf", config, name);
    } else if (home != NULL && home[0] == '/') {
        length = asprintf(&path, "%s/.config/dormouse/%s.conf", home, name);
    }
    return length >= 0 ? path : NULL;
}

/* If a file cannot be looked for, config_file_read() reports the reason. */
static bool file_is_there(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

char *config_file_find(const char *name)
{
    char *own = user_file(name);
    char *common;

    if (own != NULL && file_is_there(own)) {
        return own;
    }
    if (asprintf(&common, "%s%s.conf", common_configuration, name) >= 0) {
        if (file_is_there(common)) {
            free(own);
            return common;
        }
        free(common);
    }
    if (own == NULL || strncmp(own, common_configuration, sizeof(common_configuration) - 1) == 0) {
        report("run %s: there is no file %s%s.conf", name, common_configuration, name);
    } else {
        report("run %s: there is no file %s or %s%s.conf", name, own, common_configuration, name);
    }
    free(own);
    return NULL;
}
