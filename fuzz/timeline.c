/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Input: any bytes, as an event log. The timeline prints only text, and nothing that controls a
 * terminal.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/report.h"
#include "cli/timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { OUTPUT_MAX = 1 << 20 };

void report(const char *format, ...)
{
    (void)format;
}

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

/* A file in memory. */
static int make_file(void)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    check(fd >= 0);
    return fd;
}

static void check_output(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        const char *shown = text + at;
        size_t count = 1;

        if (text[at] != '\n') {
            at += clean_character(text + at, length - at, &shown, &count);
        } else {
            at++;
        }
        check(shown >= text && shown < text + length); /* otherwise it is a replacement character */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[OUTPUT_MAX];
    static int output = -1;
    char path[64];
    int input = make_file();

    if (output < 0) {
        output = make_file();
        check(dup2(output, STDOUT_FILENO) >= 0);
    }
    check(write(input, bytes, size) == (ssize_t)size);
    check(ftruncate(output, 0) == 0 && lseek(output, 0, SEEK_SET) == 0);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", input);
    int status = timeline_show(path);
    check(status == 0 || status == 1);
    close(input);
    ssize_t length = pread(output, text, sizeof(text), 0);
    check(length >= 0);
    check_output(text, (size_t)length);
    return 0;
}
