/* SPDX-License-Identifier: BSD-2-Clause */
#include "one_line.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

unsigned one_line_count;

void __wrap_report(const char *format, ...) __attribute__((format(printf, 1, 2)));
void __wrap_report(const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    check(length > 0 && (size_t)length < sizeof(text) && strchr(text, '\n') == NULL);
    one_line_count++;
}
