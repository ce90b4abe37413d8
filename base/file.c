/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"

int file_open(const char *path, const char *what, uint64_t *size)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its other end. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    int error;

    if (fd < 0 || fstat(fd, &info) < 0) {
        error = -errno;
        report("cannot open %s %s: %s", what, path, strerror(-error));
    } else if (!S_ISREG(info.st_mode)) {
        error = -EINVAL;
        report("cannot open %s %s: Not a regular file", what, path);
    } else {
        *size = (uint64_t)info.st_size;
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

int file_read(int fd, uint64_t offset, void *buffer, size_t length, size_t *count)
{
    uint8_t *bytes = buffer;

    *count = 0;
    while (*count < length) {
        ssize_t got = pread(fd, bytes + *count, length - *count, (off_t)(offset + *count));

        if (got == 0) {
            break;
        }
        if (got > 0) {
            *count += (size_t)got;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int file_write(int fd, const void *bytes, size_t length)
{
    const uint8_t *next = bytes;

    while (length > 0) {
        ssize_t put = write(fd, next, length);

        if (put >= 0) {
            next += put;
            length -= (size_t)put;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}
