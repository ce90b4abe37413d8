/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One direction of a descriptor, read or written without ever blocking the caller. A descriptor
 * that other processes share (the shell, the programs of a pipeline) is not made non-blocking.
 */
#ifndef DORMOUSE_BASE_LINE_H
#define DORMOUSE_BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum line_kind {
    LINE_PLAIN,  /* does not block: non-blocking, or a regular file */
    LINE_SOCKET, /* each call says that it must not block */
    LINE_POLLED, /* blocking: each call says that it must not wait, if the kernel knows how to */
};

struct line {
    int fd;
    enum line_kind kind;
    bool owned;
};

/* Returns a closed line: reads return end of file, writes fail with EBADF. */
struct line line_none(void);

/* Takes over `fd`, which does not block, and closes it in line_close(). */
struct line line_own(int fd);

/* Uses `fd`, which does not block. It remains the caller's. */
struct line line_use(int fd);

/*
 * Uses the standard descriptor `fd`, which remains the caller's; `access` is O_RDONLY or O_WRONLY.
 * A terminal or pipe is opened a second time, because a file description of our own can be made
 * non-blocking. A regular file is not opened again, because its position and O_APPEND belong to the
 * shared description.
 */
struct line line_borrow(int fd, int access);
void line_close(struct line *line);

/*
 * Like read(2) and write(2), but return -errno for errors, and -EAGAIN if the call would have to
 * wait. May transfer fewer bytes than asked for.
 */
ssize_t line_read(const struct line *line, uint8_t *bytes, size_t size);
ssize_t line_write(const struct line *line, const uint8_t *bytes, size_t size);

#endif
