/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

bool metrics_file_is_valid(const char *path)
{
    size_t length = strlen(file_name(path));
    size_t end = strlen(METRICS_FILE_END);

    return length > end && strcmp(path + strlen(path) - end, METRICS_FILE_END) == 0;
}

static int folder_open(const char *path)
{
    size_t length = (size_t)(file_name(path) - path);
    char *folder = length > 0 ? strndup(path, length) : strdup(".");
    int fd = folder != NULL ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

    free(folder);
    return fd;
}

bool metrics_file_open(struct metrics_file *file, const char *path)
{
    *file =
        (struct metrics_file){.folder = folder_open(path), .path = path, .name = file_name(path)};
    if (file->folder < 0 || asprintf(&file->temporary, "%s.new", file->name) < 0) {
        report("--metrics %s: %s", path, strerror(errno));
        file->temporary = NULL;
        metrics_file_close(file);
        return false;
    }
    return true;
}

void metrics_file_close(struct metrics_file *file)
{
    if (file->folder < 0) {
        return;
    }
    if (file->temporary != NULL) {
        (void)unlinkat(file->folder, file->temporary, 0);
        (void)unlinkat(file->folder, file->name, 0);
    }
    close(file->folder);
    free(file->temporary);
    *file = (struct metrics_file){.folder = -1};
}

/* 0 or -errno. A write that is cut short says why when it is continued. */
static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno != EINTR) {
            return -errno;
        }
        text += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* Others may read the figures: the exporter is another user. */
static int temporary_write(const struct metrics_file *file, const char *text, size_t length)
{
    (void)unlinkat(file->folder, file->temporary, 0);
    int fd = openat(file->folder, file->temporary,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return -errno;
    }
    int error = write_all(fd, text, length);
    if (close(fd) != 0 && error == 0) {
        error = -errno;
    }
    return error;
}

void metrics_file_write(struct metrics_file *file, const char *text, size_t length)
{
    int error = temporary_write(file, text, length);

    if (error == 0 && renameat(file->folder, file->temporary, file->folder, file->name) != 0) {
        error = -errno;
    }
    if (error != 0 && !file->warned) {
        report("cannot write metrics to %s: %s; the VM continues", file->path, strerror(-error));
    }
    file->warned = error != 0;
}
