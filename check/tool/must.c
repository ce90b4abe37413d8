/* SPDX-License-Identifier: BSD-2-Clause */
#include "must.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"

enum { STATUS_NO_MEMORY = 3 };

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
