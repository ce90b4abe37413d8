/* SPDX-License-Identifier: BSD-2-Clause */
#include "command_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"

/*
 * By --wrap, the linker lets these two functions replace those of the C library everywhere, even in
 * the fuzzer itself.
 */
FILE *__wrap_fopen64(const char *path, const char *mode);
FILE *__real_fopen64(const char *path, const char *mode);
void __wrap_exit(int status) __attribute__((noreturn));
void __real_exit(int status) __attribute__((noreturn));

static bool parsing;
static unsigned reported;

void command_line_check(bool right)
{
    if (!right) {
        abort();
    }
}

static void command_line_count(const char *format, va_list args)
{
    command_line_check(vsnprintf(NULL, 0, format, args) > 0);
    reported++;
}

/* These replace the programs' own: they check that a message is text, and count it. */
void report(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    command_line_count(format, args);
    va_end(args);
}

void report_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    command_line_count(format, args);
    va_end(args);
}

void report_open(const char *program)
{
    (void)program;
}

void report_name(const char *name)
{
    (void)name;
}

void report_close(void)
{
}

FILE *__wrap_fopen64(const char *path, const char *mode)
{
    static char users[] = "root:x:0:0:root:/root:/bin/sh\nnot a user\nnobody:x:65534:65534:::\n";

    if (!parsing) {
        return __real_fopen64(path, mode);
    }
    command_line_check(strcmp(path, "/etc/passwd") == 0);
    return fmemopen(users, sizeof(users) - 1, "r");
}

void __wrap_exit(int status)
{
    command_line_check(!parsing);
    __real_exit(status);
}

/* Copies the word of at most `most` bytes. */
static char *copy_word(const uint8_t *bytes, size_t most)
{
    char *word = strndup((const char *)bytes, most);

    command_line_check(word != NULL);
    return word;
}

struct command_line command_line_make(const uint8_t *bytes, size_t size)
{
    struct command_line line = {.argv = calloc(size + 1, sizeof(*line.argv))};

    command_line_check(line.argv != NULL);
    for (size_t at = 0; at < size; at += strlen(line.argv[line.argc++]) + 1) {
        line.argv[line.argc] = copy_word(bytes + at, size - at);
    }
    line.argv = realloc(line.argv, ((size_t)line.argc + 1) * sizeof(*line.argv));
    command_line_check(line.argv != NULL);
    return line;
}

void command_line_free(struct command_line *line)
{
    for (int i = 0; i < line->argc; i++) {
        free(line->argv[i]);
    }
    free(line->argv);
}

bool command_line_has(const struct command_line *line, const char *text)
{
    for (int i = 0; i < line->argc; i++) {
        if (text >= line->argv[i] && text <= line->argv[i] + strlen(line->argv[i])) {
            return true;
        }
    }
    return false;
}

void command_line_begin(void)
{
    reported = 0;
    parsing = true;
}

void command_line_end(enum option_result result)
{
    parsing = false;
    command_line_check(reported == (result == OPTION_BAD));
}
