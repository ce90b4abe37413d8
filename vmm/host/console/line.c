/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct line line_none(void)
{
    return (struct line){.fd = -1};
}

struct line line_own(int fd)
{
    return (struct line){.fd = fd, .kind = LINE_PLAIN, .owned = true};
}

/* Fails where /proc is missing, or where the terminal belongs to another user (after su). */
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

static bool is_ready(const struct line *line, short events)
{
    struct pollfd poll_fd = {.fd = line->fd, .events = events};

    return line->kind != LINE_POLLED || poll(&poll_fd, 1, 0) != 0;
}

/* -EWOULDBLOCK is the same number as -EAGAIN on Linux. */
static ssize_t result(ssize_t count)
{
    return count >= 0 ? count : -errno;
}

static ssize_t read_once(const struct line *line, uint8_t *bytes, size_t size)
{
    if (line->kind == LINE_SOCKET) {
        return result(recv(line->fd, bytes, size, MSG_DONTWAIT));
    }
    return result(read(line->fd, bytes, size));
}

static ssize_t write_once(const struct line *line, const uint8_t *bytes, size_t size)
{
    if (line->kind == LINE_SOCKET) {
        return result(send(line->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL));
    }
    /* A terminal says that it takes bytes when it takes one; a second could block. */
    return result(write(line->fd, bytes, line->kind == LINE_POLLED ? 1 : size));
}

ssize_t line_read(const struct line *line, uint8_t *bytes, size_t size)
{
    ssize_t count;

    if (line->fd < 0) {
        return 0;
    }
    do {
        if (!is_ready(line, POLLIN)) {
            return -EAGAIN;
        }
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
        if (!is_ready(line, POLLOUT)) {
            return -EAGAIN;
        }
        count = write_once(line, bytes, size);
    } while (count == -EINTR);
    return count;
}
