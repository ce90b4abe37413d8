/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures what the tested code writes to standard error or standard output. */
#ifndef DORMOUSE_TESTS_CAPTURE_H
#define DORMOUSE_TESTS_CAPTURE_H

#include <stddef.h>

struct capture {
    int fd;       /* the captured descriptor */
    int saved;    /* a copy of the original descriptor */
    int read_end; /* reading end of the pipe that replaces it */
};

/*
 * Redirects `fd` (1 or 2) into a pipe, which must not be overfilled. Fails the test if that is not
 * possible.
 */
void capture_begin(struct capture *capture, int fd);

/* Restores `fd`; `text` gets what was written, NUL-terminated and cut to `size`. */
void capture_end(struct capture *capture, char *text, size_t size);

#endif
