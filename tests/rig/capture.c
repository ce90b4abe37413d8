/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

/* A pipe, not a file, because tests limit the size of files. */
void capture_begin(struct capture *capture, int fd)
{
    int ends[2];

    fflush(NULL);
    capture->fd = fd;
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    capture->read_end = ends[0];
    capture->saved = dup(fd);
    assert_true(capture->saved >= 0);
    assert_int_equal(dup2(ends[1], fd), fd);
    close(ends[1]);
}

void capture_end(struct capture *capture, char *text, size_t size)
{
    fflush(NULL);
    dup2(capture->saved, capture->fd);
    close(capture->saved);
    ssize_t length = read(capture->read_end, text, size - 1);
    close(capture->read_end);
    text[length > 0 ? length : 0] = '\0';
}
