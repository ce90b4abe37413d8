/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A log file: it is appended to, it can have a limit, and it can be opened again after another
 * program renamed it. No function here waits. The folder stays open, so reopening also works in a
 * sandbox and after a chdir(). One thread at a time.
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
    bool is_new;      /**< logfile_open() has created the file, and `fd` is still that file */
};

/**
 * Whether `spec` is "FILE" or "FILE,max=SIZE", where SIZE is at least 4K, for example 64K, 10M or
 * 1G. FILE may contain a comma, but does not end in ",WORD=VALUE".
 */
bool logfile_spec_is_valid(const char *spec);
/** Whether FILE ends in ",WORD=VALUE", such as the misspelt "log,maxsize=10M". */
bool logfile_spec_has_unknown_word(const char *spec);

/**
 * Opens the file of `spec`, and creates it if it does not exist. With a limit, `path` is where the
 * file is, and no symbolic link.
 * @return 0 or -errno; -EINVAL also if `spec` is not valid, -ENXIO for a FIFO without a reader
 */
int logfile_open(struct logfile *log, const char *spec);
/** Frees everything. Allowed after logfile_open() failed. */
void logfile_close(struct logfile *log);

/** Returns the descriptor of a file that logfile_open() has created, or -1 if that file existed. */
int logfile_created(const struct logfile *log);

/** Whether logfile_make_room() will rename the file. */
bool logfile_has_limit(const struct logfile *log);

/**
 * Opens the file of that name again.
 * @return 0, or -errno: the old file stays in use.
 */
int logfile_reopen(struct logfile *log);

/**
 * Makes room for `length` more bytes. If they would exceed the limit, renames the file to FILE.1,
 * replacing an older one, and opens a fresh FILE.
 * @return 0 or -errno
 */
int logfile_make_room(struct logfile *log, size_t length);

/**
 * Writes `length` bytes; to a regular file either all of them or none.
 * @return 0, or -errno: -EAGAIN if the reader is too slow
 */
int logfile_write(struct logfile *log, const void *bytes, size_t length);

/** Whether the next byte begins a line: the file is empty, or its last byte is a newline. */
bool logfile_is_at_line(const struct logfile *log);

#endif
