/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"

const char *file_shown(const char *path)
{
    return *path != '\0' ? path : "''";
}

int file_open(const char *path, const char *what, uint64_t *size)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its other end. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    int error;

    if (fd < 0 || fstat(fd, &info) < 0) {
        error = -errno;
        report("cannot open %s %s: %s", what, file_shown(path), strerror(-error));
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

static int file_write(int fd, const void *bytes, size_t length)
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

static int file_write_and_close(int fd, const void *bytes, size_t size)
{
    int error = file_write(fd, bytes, size);

    /* Some file systems report a full disk only now. */
    if (close(fd) < 0 && error == 0) {
        error = -errno;
    }
    return error;
}

/* Writes a new file beside `path` and moves it there. Returns 0 or -errno. */
static int file_replace(const char *path, const void *bytes, size_t size)
{
    char *temporary;
    int error;
    int fd;

    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0) {
        return -ENOMEM;
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        error = -errno;
        free(temporary);
        return error;
    }
    error = file_write_and_close(fd, bytes, size);
    if (error == 0 && rename(temporary, path) < 0) {
        error = -errno;
    }
    if (error != 0) {
        (void)unlink(temporary);
    }
    free(temporary);
    return error;
}

int file_put(const char *path, const void *bytes, size_t size)
{
    struct stat info;
    int fd;

    if (strcmp(path, "-") == 0) {
        return file_write(STDOUT_FILENO, bytes, size);
    }
    /* Writing follows a symbolic link and never replaces it, because it may be /dev/stdout. */
    if (lstat(path, &info) < 0 || S_ISREG(info.st_mode)) {
        return file_replace(path, bytes, size);
    }
    fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -errno : file_write_and_close(fd, bytes, size);
}

int file_folder(const char *path, char *folder)
{
    char copy[PATH_MAX];
    size_t length = strlen(path);

    if (length >= sizeof(copy)) {
        return -ENAMETOOLONG;
    }
    memcpy(copy, path, length + 1);
    const char *name = dirname(copy);
    memcpy(folder, name, strlen(name) + 1);
    return 0;
}
