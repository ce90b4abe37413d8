/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that lie in several pieces of memory. Any thread. */
#ifndef DORMOUSE_HOST_NET_FRAME_H
#define DORMOUSE_HOST_NET_FRAME_H

#include <stddef.h>
#include <sys/uio.h>

/*
 * Describes `size` bytes of the parts, `skip` bytes after their beginning, in `out`, which has room
 * for `count` pieces. Returns how many pieces these are; fewer bytes if the parts have no more.
 */
unsigned frame_slice(struct iovec *out, const struct iovec *parts, unsigned count, size_t skip,
                     size_t size);

/* Copies from the beginning of the parts, or to it. Returns how many bytes there were. */
size_t frame_read(const struct iovec *parts, unsigned count, void *bytes, size_t size);
size_t frame_write(const struct iovec *parts, unsigned count, const void *bytes, size_t size);

#endif
