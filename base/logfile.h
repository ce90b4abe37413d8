/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A file that is written for a long time and that others look after: it is appended to, it can have
 * a limit, and it can be opened again after somebody renamed it. Nothing here waits.
 *
 * The folder stays open, so that opening again also works in a sandbox and after a chdir(). One
 * thread at a time.
 */
#ifndef BASE_LOGFILE_H
#define BASE_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logfile {
    int fd;
    int folder;
    char *path;
    const char *name; /**< the last part of `path` */
    uint64_t max;     /**< bytes of a regular file; 0: no limit */
    bool is_file;     /**< a regular file, not a FIFO or a device */
};

/** Whether `spec` is "FILE" or "FILE,max=SIZE" with a SIZE from 4K on, as in 64K, 10M or 1G. */
bool logfile_spec_is_valid(const char *spec);

/**
 * Opens what `spec` says; a file that does not exist is created.
 * @return 0 or -errno; -EINVAL also if `spec` is not valid, -ENXIO for a FIFO without a reader
 */
int logfile_open(struct logfile *log, const char *spec);
/** Frees everything; harmless if logfile_open() failed. */
void logfile_close(struct logfile *log);

/** Whether logfile_make_room() will rename the file. */
bool logfile_has_limit(const struct logfile *log);

/** Opens the file of that name again. @return 0, or -errno: the old file stays in use. */
int logfile_reopen(struct logfile *log);

/**
 * Makes sure that `length` more bytes stay below the limit: a file that is too large for them is
 * renamed to FILE.1, replacing an older one, and a fresh FILE is opened.
 * @return 0 or -errno
 */
int logfile_make_room(struct logfile *log, size_t length);

/**
 * Writes `length` bytes, to a regular file all or none of them.
 * @return 0, or -errno: -EAGAIN if the reader is too slow
 */
int logfile_write(struct logfile *log, const void *bytes, size_t length);

/** Whether the next byte begins a line: the file is empty, or its last byte is a newline. */
bool logfile_is_at_line(const struct logfile *log);

#endif
