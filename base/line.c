/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct line line_none(void)
{
    return (struct line){.fd = -1};
}

struct line line_own(int fd)
{
    return (struct line){.fd = fd, .kind = LINE_PLAIN, .owned = true};
}

struct line line_use(int fd)
{
    return (struct line){.fd = fd, .kind = LINE_PLAIN};
}

/* Fails if /proc is missing, or if the terminal belongs to another user (after su). */
static struct line reopen(int fd, int access)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int own = open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return own >= 0 ? line_own(own) : (struct line){.fd = fd, .kind = LINE_POLLED};
}

struct line line_borrow(int fd, int access)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        return line_none();
    }
    if (S_ISREG(status.st_mode)) {
        return (struct line){.fd = fd, .kind = LINE_PLAIN};
    }
    if (S_ISSOCK(status.st_mode)) {
        return (struct line){.fd = fd, .kind = LINE_SOCKET};
    }
    if (S_ISFIFO(status.st_mode) || isatty(fd)) {
        return reopen(fd, access);
    }
    return (struct line){.fd = fd, .kind = LINE_POLLED};
}

void line_close(struct line *line)
{
    if (line->owned) {
        close(line->fd);
    }
    *line = line_none();
}

/* -EWOULDBLOCK is the same number as -EAGAIN on Linux. */
static ssize_t as_result(ssize_t count)
{
    return count >= 0 ? count : -errno;
}

static bool is_ready(int fd, short events)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};

    return poll(&poll_fd, 1, 0) != 0;
}

/* Terminals do not support RWF_NOWAIT, pipes only from Linux 6.4 on, and old kernels not at all. */
static bool is_unknown(ssize_t result)
{
    return result == -EOPNOTSUPP || result == -ENOSYS || result == -EINVAL;
}

/*
 * Polling first is not enough: another process may take the bytes, or fill the pipe, before the
 * call. So poll() decides only if RWF_NOWAIT is not supported.
 */
static ssize_t read_polled(int fd, uint8_t *bytes, size_t size)
{
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    ssize_t count = as_result(preadv2(fd, &part, 1, -1, RWF_NOWAIT));

    if (!is_unknown(count)) {
        return count;
    }
    return is_ready(fd, POLLIN) ? as_result(read(fd, bytes, size)) : -EAGAIN;
}

/*
 * poll() says that a terminal or pipe is writable if it takes one byte; a second byte could block.
 */
static ssize_t write_polled(int fd, const uint8_t *bytes, size_t size)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    ssize_t count = as_result(pwritev2(fd, &part, 1, -1, RWF_NOWAIT));

    if (!is_unknown(count)) {
        return count;
    }
    return is_ready(fd, POLLOUT) ? as_result(write(fd, bytes, 1)) : -EAGAIN;
}

static ssize_t read_once(const struct line *line, uint8_t *bytes, size_t size)
{
    switch (line->kind) {
    case LINE_SOCKET:
        return as_result(recv(line->fd, bytes, size, MSG_DONTWAIT));
    case LINE_POLLED:
        return read_polled(line->fd, bytes, size);
    default:
        return as_result(read(line->fd, bytes, size));
    }
}

static ssize_t write_once(const struct line *line, const uint8_t *bytes, size_t size)
{
    switch (line->kind) {
    case LINE_SOCKET:
        return as_result(send(line->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL));
    case LINE_POLLED:
        return write_polled(line->fd, bytes, size);
    default:
        return as_result(write(line->fd, bytes, size));
    }
}

ssize_t line_read(const struct line *line, uint8_t *bytes, size_t size)
{
    ssize_t count;

    if (line->fd < 0) {
        return 0;
    }
    do {
        count = read_once(line, bytes, size);
    } while (count == -EINTR);
    return count;
}

ssize_t line_write(const struct line *line, const uint8_t *bytes, size_t size)
{
    ssize_t count;

    if (line->fd < 0) {
        return -EBADF;
    }
    do {
        count = write_once(line, bytes, size);
    } while (count == -EINTR);
    return count;
}
