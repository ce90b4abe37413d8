/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that the operator names. A file that cannot be opened gives a clear message. */
#ifndef DORMOUSE_BASE_FILE_H
#define DORMOUSE_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* How a message shows `path`: an empty name would be invisible. */
const char *file_shown(const char *path);

/*
 * Opens the regular file `path` for reading; messages call it `what`, for example "kernel image".
 * Returns the descriptor, or -errno after report()ing one line.
 */
int file_open(const char *path, const char *what, uint64_t *size);

/*
 * Reads `length` bytes at `offset`, or fewer if the file ends before. Returns 0 with the count in
 * *count, or -errno.
 */
int file_read(int fd, uint64_t offset, void *buffer, size_t length, size_t *count);

/*
 * Makes `bytes` the content of `path`. A regular file is replaced only after the new one is
 * complete. Anything else (a device, a pipe, a symbolic link such as /dev/stdout) is written to
 * directly, and "-" is standard output. Returns 0 or -errno.
 */
int file_put(const char *path, const void *bytes, size_t size);

/* Puts the name of the folder that `path` is in into `folder`, of PATH_MAX bytes. Returns 0, or -ENAMETOOLONG. */
int file_folder(const char *path, char *folder);

#endif
