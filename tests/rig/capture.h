/* SPDX-License-Identifier: BSD-2-Clause */
/* Catches what the code under test says on standard error or standard output. */
#ifndef DORMOUSE_TESTS_CAPTURE_H
#define DORMOUSE_TESTS_CAPTURE_H

#include <stddef.h>

struct capture {
    int fd;       /* the descriptor that is caught */
    int saved;    /* what it was */
    int read_end; /* of the pipe into which it goes meanwhile */
};

/* Sends `fd` (1 or 2) into a pipe, which must not be overfilled. Fails the test where that is not
 * possible. */
void capture_begin(struct capture *capture, int fd);

/* Puts `fd` back; `text` gets what was written, NUL-terminated and cut to `size`. */
void capture_end(struct capture *capture, char *text, size_t size);

#endif
