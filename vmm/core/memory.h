/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Guest RAM. memory_at() is the only function that turns a guest address into a pointer, and it
 * checks the whole range first.
 *
 * Threads: after memory_create() any thread may ask memory_contains() and memory_at(), and the main
 * thread may call memory_discard() while vCPUs run. The other functions change what is mapped and
 * come from the main thread while no vCPU runs. None of them ever moves `host`, so what KVM was told
 * of it stays true.
 */
#ifndef DORMOUSE_CORE_MEMORY_H
#define DORMOUSE_CORE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ipa.h"

struct backing;

struct memory {
    struct ipa base;
    uint64_t size;
    uint8_t *host; /* where `base` is mapped in this process */
    /* The address space around it: RAM has a guard on each side, which no access can cross. */
    uint8_t *reserved;
    uint64_t reserved_size;
    /* Other processes can map it: it is file `fd`, from its beginning. Otherwise it is private. */
    bool shared;
    int fd;
    /* All files that are mapped into RAM lie between these two; NULL: there are none. */
    const uint8_t *files;
    const uint8_t *files_end;
    struct backing *backing; /* NULL: none of it is mapped from an image */
};

/**
 * Maps `size` bytes of zeroed RAM at `base`, both multiples of the page size. Returns 0 or -errno:
 * -EINVAL for an invalid size or base, -ENOMEM if this process has no room for it. The host gives
 * memory only as it is touched.
 */
int memory_create(struct memory *memory, struct ipa base, uint64_t size);

/**
 * The same, as memory that other processes can be given (a memfd of a size that cannot change).
 * Nothing in it is ever a private mapping, so what the guest sees they see too.
 */
int memory_create_shared(struct memory *memory, struct ipa base, uint64_t size);

/** A `struct memory` that is all zero or was destroyed before is fine. */
void memory_destroy(struct memory *memory);

/** Whether [start, start + size) lies in RAM; false for a size of 0. */
bool memory_contains(const struct memory *memory, struct ipa start, uint64_t size);

/** The host address of [start, start + size), or NULL unless all of it is RAM. */
void *memory_at(const struct memory *memory, struct ipa start, uint64_t size);

/** How much RAM there is from `start` on; 0 if `start` is not in RAM. */
uint64_t memory_room(const struct memory *memory, struct ipa start);

/**
 * Discards all contents, mapped files included: RAM reads as zero again and its pages return to the
 * host. Returns 0 or -errno.
 */
int memory_clear(struct memory *memory);

/**
 * The same for exactly the bytes [start, start + size), which may be none. Returns 0 or -errno
 * (-EFAULT: not all of it is RAM).
 */
int memory_zero(struct memory *memory, struct ipa start, uint64_t size);

/**
 * The guest does not need the contents of [start, start + size): the whole pages in it return to the
 * host and read as zero, also where a file was mapped. vCPUs may run, and write to them meanwhile. It
 * is no error if the host does not take some of them, or none; these keep their contents. Main thread.
 * Returns 0 or -EFAULT.
 */
int memory_discard(const struct memory *memory, struct ipa start, uint64_t size);

/**
 * Lets the host's swap have the pages of [offset, offset + size), which do not change by that. A host without
 * swap, or that is too old, keeps them. Any time, main thread.
 */
void memory_page_out(const struct memory *memory, uint64_t offset, uint64_t size);

/**
 * Puts the first `length` bytes of file `fd` at `start`, and zeroes after them to the end of the
 * page. If RAM is private, `start` is page-aligned and the file system allows it, this is a mapping:
 * nothing is read until the guest touches it, and the guest's writes never reach the file. What
 * others write into the file later may or may not show, so a kernel should be replaced by renaming,
 * as package managers do. Otherwise it is a copy. Returns 0 or -errno: -EFAULT if not all of it is
 * RAM, -ENODATA if the file is shorter than `length`.
 */
int memory_map_file(struct memory *memory, struct ipa start, int fd, uint64_t length);

/**
 * The pages of mapped files return to the host, and come again from the files when they are accessed. For
 * private memory that nothing has written to since; any time, any thread.
 */
void memory_drop_files(const struct memory *memory);

/**
 * Parts of private memory will be mapped from the image `fd`, on which there is a lease; `path` is for
 * messages. That ends with memory_clear(). Returns 0, -EINVAL for shared memory, or -ENOMEM.
 */
int memory_begin_image(struct memory *memory, int fd, const char *path);
/**
 * Maps [offset, offset + size) of memory from offset `at` of the image: nothing is read until that memory
 * is accessed. Returns 0; -EINVAL, -ENOSPC or -ENODEV if it has to be read instead; or another -errno.
 */
int memory_map_image(struct memory *memory, uint64_t offset, uint64_t size, uint64_t at);
/**
 * Makes what is mapped from the image memory of this process, with the same contents. Nothing else may access guest
 * memory meanwhile: no vCPU, and no device for one. 0 or -errno.
 */
int memory_own_image(struct memory *memory);
/**
 * The same, and ends the lease, if a process waits for that. 0, or -errno: -EAGAIN if the file may have changed
 * before. Without an image there is nothing to be done.
 */
int memory_settle_image(struct memory *memory);

#endif
