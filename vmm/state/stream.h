/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * An image as a stream, for pipes, ssh and object stores: compressed by zstd, without holes, and with a
 * checksum of the whole (docs/image-format.md). Both return 0, or -REPORTED after one line.
 */
#ifndef DORMOUSE_STATE_STREAM_H
#define DORMOUSE_STATE_STREAM_H

/** Writes the image `path` to `fd`. Everything is checked on the way. */
int stream_export(const char *path, int fd);

/**
 * Makes `path` the image that comes from `fd`, as a save does: after all of it has come, was checked
 * and is on the disk. It ends before all has come if `stop` can be read (-1: never).
 */
int stream_import(const char *path, int fd, int stop);

#endif
