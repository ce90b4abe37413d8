/* SPDX-License-Identifier: BSD-2-Clause */
#include "must.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"

enum { STATUS_NO_MEMORY = 3 };

static void *check_room(void *room)
{
    if (room == NULL) {
        report("no memory left");
        _exit(STATUS_NO_MEMORY);
    }
    return room;
}

void *must_alloc(size_t count, size_t size)
{
    return check_room(calloc(count > 0 ? count : 1, size));
}

void *must_resize(void *room, size_t count, size_t size)
{
    return check_room(reallocarray(room, count > 0 ? count : 1, size));
}

char *must_copy(const char *text)
{
    return check_room(strdup(text));
}

FILE *must_stream(char **text, size_t *length)
{
    return check_room(open_memstream(text, length));
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
    return check_room(text);
}
