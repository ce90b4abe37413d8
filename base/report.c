/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

static const char *vm_name;

void report_name(const char *name)
{
    vm_name = name;
}

/* A terminal that does not turn a newline into what a terminal needs for one. */
static bool is_raw(int fd)
{
    struct termios mode;

    return tcgetattr(fd, &mode) == 0 && (mode.c_oflag & OPOST) == 0;
}

void report(const char *format, ...)
{
    char line[1024];
    char end[] = "\r\n";
    va_list arguments;
    int length = vm_name == NULL ? snprintf(line, sizeof(line), "dormouse: ")
                                 : snprintf(line, sizeof(line), "dormouse: %s: ", vm_name);

    va_start(arguments, format);
    vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);
    va_end(arguments);
    bool raw = is_raw(STDERR_FILENO);
    struct iovec parts[] = {
        {.iov_base = line, .iov_len = strlen(line)},
        {.iov_base = raw ? end : end + 1, .iov_len = raw ? 2 : 1},
    };
    /*
     * In one go: lines of several threads or instances do not mix. If it fails there is nobody left
     * to tell.
     */
    (void)!writev(STDERR_FILENO, parts, 2);
}
