/* SPDX-License-Identifier: BSD-2-Clause */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

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
