/* SPDX-License-Identifier: BSD-2-Clause */
#include "must.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_NO_MEMORY = 3, LINE_SIZE = 4096 };

void complain(const char *format, ...)
{
    char line[LINE_SIZE] = "vpsci-check: ";
    size_t length = strlen(line);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
    va_end(arguments);
    length = strlen(line);
    line[length++] = '\n';
    /* In one go, beside what the command says. If it fails there is nobody left to tell. */
    (void)!write(STDERR_FILENO, line, length);
}

static void *sure(void *room)
{
    if (room == NULL) {
        complain("no memory left");
        _exit(STATUS_NO_MEMORY);
    }
    return room;
}

void *must_alloc(size_t count, size_t size)
{
    return sure(calloc(count > 0 ? count : 1, size));
}

void *must_resize(void *room, size_t count, size_t size)
{
    return sure(reallocarray(room, count > 0 ? count : 1, size));
}

char *must_copy(const char *text)
{
    return sure(strdup(text));
}

FILE *must_stream(char **text, size_t *length)
{
    return sure(open_memstream(text, length));
}

char *must_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);
    return sure(text);
}
