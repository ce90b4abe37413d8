/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/option.h"

#define MAX_WORD ",max="

enum { MAX_LEAST = 4096 };

/* Returns 0 if it is no size, or too small. */
static uint64_t read_max(const char *text)
{
    uint64_t size;

    return option_size(text, &size) && size >= MAX_LEAST ? size : 0;
}

/* Returns the last ",max=" of `spec`, or NULL. A file's name may contain a comma. */
static const char *find_max(const char *spec)
{
    const char *comma = strrchr(spec, ',');

    return comma != NULL && strncmp(comma, MAX_WORD, strlen(MAX_WORD)) == 0 ? comma : NULL;
}

/* Whether the `length` bytes end in ",WORD=VALUE", as a misspelt max= does. */
static bool ends_in_word(const char *text, size_t length)
{
    const char *comma = memrchr(text, ',', length);

    if (comma == NULL) {
        return false;
    }
    const char *word = comma + 1;
    size_t rest = length - (size_t)(word - text);
    size_t letters = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

    return letters > 0 && letters < rest && word[letters] == '=' && memchr(word, '/', rest) == NULL;
}

bool logfile_spec_has_unknown_word(const char *spec)
{
    const char *max = find_max(spec);

    return ends_in_word(spec, max != NULL ? (size_t)(max - spec) : strlen(spec));
}

bool logfile_spec_is_valid(const char *spec)
{
    const char *max = find_max(spec);

    if (logfile_spec_has_unknown_word(spec)) {
        return false;
    }
    return max == NULL ? *spec != '\0' : max != spec && read_max(max + strlen(MAX_WORD)) != 0;
}

/* Takes over `path`. */
static void path_set(struct logfile *log, char *path)
{
    const char *slash = strrchr(path, '/');

    log->path = path;
    log->name = slash != NULL ? slash + 1 : path;
}

static int spec_take(struct logfile *log, const char *spec)
{
    const char *max = find_max(spec);

    if (!logfile_spec_is_valid(spec)) {
        return -EINVAL;
    }
    log->max = max != NULL ? read_max(max + strlen(MAX_WORD)) : 0;
    char *path = max != NULL ? strndup(spec, (size_t)(max - spec)) : strdup(spec);
    if (path == NULL) {
        return -ENOMEM;
    }
    path_set(log, path);
    return 0;
}

static int folder_open(struct logfile *log)
{
    size_t length = (size_t)(log->name - log->path);
    char *folder = length > 0 ? strndup(log->path, length) : strdup(".");

    if (folder == NULL) {
        return -ENOMEM;
    }
    log->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = log->folder < 0 ? -errno : 0;
    free(folder);
    return error;
}

/* O_NONBLOCK: a FIFO without a reader, or with a slow one, must not stop the caller. */
static int name_open(const struct logfile *log, int flags)
{
    return openat(log->folder, log->name,
                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, 0644);
}

static int file_open_again(struct logfile *log)
{
    struct stat status;
    int fd = name_open(log, 0);

    if (fd < 0) {
        return -errno;
    }
    if (log->fd >= 0) {
        close(log->fd);
    }
    log->fd = fd;
    log->is_new = false;
    log->is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    return 0;
}

/* O_EXCL: the kernel decides whether the file is ours. A name that is a link is not. */
static int file_create_or_open(struct logfile *log)
{
    log->fd = name_open(log, O_EXCL);
    if (log->fd < 0) {
        return file_open_again(log);
    }
    log->is_new = true;
    log->is_file = true;
    return 0;
}

/*
 * A limit renames the file, and must not rename a link to it: the next file would be in the link's
 * folder, and a link such as /dev/stdout would be gone.
 */
static int link_follow(struct logfile *log)
{
    struct stat status;

    if (!logfile_has_limit(log) ||
        fstatat(log->folder, log->name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISLNK(status.st_mode)) {
        return 0;
    }
    char *target = realpath(log->path, NULL);
    if (target == NULL) {
        return -errno;
    }
    free(log->path);
    close(log->folder);
    path_set(log, target);
    return folder_open(log);
}

int logfile_open(struct logfile *log, const char *spec)
{
    *log = (struct logfile){.fd = -1, .folder = -1};
    int error = spec_take(log, spec);

    if (error == 0) {
        error = folder_open(log);
    }
    if (error == 0) {
        error = file_create_or_open(log);
    }
    if (error == 0) {
        error = link_follow(log);
    }
    if (error != 0) {
        logfile_close(log);
    }
    return error;
}

void logfile_close(struct logfile *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    if (log->folder >= 0) {
        close(log->folder);
    }
    free(log->path);
    *log = (struct logfile){.fd = -1, .folder = -1};
}

int logfile_created(const struct logfile *log)
{
    return log->is_new ? log->fd : -1;
}

bool logfile_has_limit(const struct logfile *log)
{
    return log->max != 0 && log->is_file;
}

int logfile_reopen(struct logfile *log)
{
    return file_open_again(log);
}

/*
 * Another program may have renamed our file and put its own file in its place; that file must not
 * be renamed.
 */
static bool name_is_ours(const struct logfile *log, const struct stat *ours)
{
    struct stat named;

    return fstatat(log->folder, log->name, &named, 0) == 0 && named.st_dev == ours->st_dev &&
           named.st_ino == ours->st_ino;
}

int logfile_make_room(struct logfile *log, size_t length)
{
    char old[NAME_MAX + 1];
    struct stat status;

    if (!logfile_has_limit(log)) {
        return 0;
    }
    if (fstat(log->fd, &status) != 0) {
        return -errno;
    }
    if (status.st_size == 0 || (uint64_t)status.st_size + length <= log->max) {
        return 0;
    }
    if (snprintf(old, sizeof(old), "%s.1", log->name) >= (int)sizeof(old)) {
        return -ENAMETOOLONG;
    }
    if (name_is_ours(log, &status) && renameat(log->folder, log->name, log->folder, old) != 0) {
        return -errno;
    }
    return file_open_again(log);
}

/* Removes the last `length` bytes, unless another program has written after them. */
static void take_back(struct logfile *log, size_t length)
{
    off_t end = lseek(log->fd, 0, SEEK_CUR);
    struct stat status;

    if (length > 0 && log->is_file && end >= (off_t)length && fstat(log->fd, &status) == 0 &&
        status.st_size == end) {
        (void)!ftruncate(log->fd, end - (off_t)length);
    }
}

/* The rest of a short write is tried again, because only that returns the reason. */
int logfile_write(struct logfile *log, const void *bytes, size_t length)
{
    const char *next = bytes;
    size_t done = 0;

    while (done < length) {
        ssize_t written = write(log->fd, next + done, length - done);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            int error = written < 0 ? -errno : -EIO;
            take_back(log, done);
            return error;
        }
        done += (size_t)written;
    }
    return 0;
}

bool logfile_is_at_line(const struct logfile *log)
{
    char last = '\n';
    struct stat status;

    if (!log->is_file || fstat(log->fd, &status) != 0 || status.st_size == 0) {
        return true;
    }
    int fd = openat(log->folder, log->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        (void)!pread(fd, &last, 1, status.st_size - 1);
        close(fd);
    }
    return last == '\n';
}
