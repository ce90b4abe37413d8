/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that go into guest memory, as the operator names them: regular files and pipes. */
#ifndef DORMOUSE_BOOT_SOURCE_H
#define DORMOUSE_BOOT_SOURCE_H

#include <stdint.h>

#include "core/ipa.h"
#include "core/memory.h"

/*
 * Opens `path` for reading; messages call it `what`, for example "kernel image". A pipe is read to its end first, into
 * a file in memory that nothing can change; that may take as long as its writer wants, so call it while signals still
 * end the process. Returns a descriptor that can be read anywhere and mapped, or -errno after report()ing one line
 * (missing, neither a regular file nor a pipe, a pipe with more than `limit` bytes).
 */
int source_open(const char *path, const char *what, uint64_t limit, uint64_t *size);

/*
 * Puts `size` bytes from `offset` on of such a descriptor at `start`: all of a file is mapped, as memory_map_file()
 * does, and a part is copied. Returns 0 or -errno: -ENODATA if the file is shorter.
 */
int source_load(struct memory *memory, struct ipa start, int fd, uint64_t offset, uint64_t size);

#endif
