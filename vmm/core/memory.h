/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM, and the one door to it: nobody turns a guest address into a pointer but memory_at(),
 * which checks the whole range first.
 *
 * Threads: after memory_create() any thread may ask memory_contains() and memory_at(). The other
 * functions change what is mapped and come from the main thread while no vCPU runs. None of them
 * ever moves `host`, so what KVM was told of it stays true.
 */
#ifndef DORMOUSE_CORE_MEMORY_H
#define DORMOUSE_CORE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ipa.h"

struct memory {
    struct ipa base;
    uint64_t size;
    uint8_t *host; /* where `base` is mapped in this process */
    /* The address space around it: RAM has a guard on either side that no access gets past. */
    uint8_t *reserved;
    uint64_t reserved_size;
};

/*
 * Maps `size` bytes of zeroed RAM at `base`, both multiples of the page size. Returns 0 or -errno:
 * -EINVAL for a size or base that cannot be, -ENOMEM where this process has no room for it. Memory
 * is taken from the host only as it is touched.
 */
int memory_create(struct memory *memory, struct ipa base, uint64_t size);
/* Also fine on a `struct memory` that is all zero, or was destroyed before. */
void memory_destroy(struct memory *memory);

/* Whether [start, start + size) lies in RAM; a size of 0 does nowhere. */
bool memory_contains(const struct memory *memory, struct ipa start, uint64_t size);

/* The host address of [start, start + size), or NULL unless all of it is RAM. */
void *memory_at(const struct memory *memory, struct ipa start, uint64_t size);

/* How much RAM there is from `start` on; 0 where `start` is not in RAM. */
uint64_t memory_room(const struct memory *memory, struct ipa start);

/*
 * Throws all contents away, mapped files included: RAM reads as zero again and its pages go back to
 * the host. Returns 0 or -errno.
 */
int memory_clear(struct memory *memory);

/*
 * The same for [start, start + size) only, to the byte; nothing to do for a size of 0. Returns 0 or
 * -errno (-EFAULT: not all in RAM).
 */
int memory_zero(struct memory *memory, struct ipa start, uint64_t size);

/*
 * Puts the first `length` bytes of file `fd` at `start`, and zeroes behind them to the end of the
 * page. Where `start` is page-aligned and the file system can, this is a private mapping: nothing
 * is read until the guest touches it, and the guest's writes never reach the file. What others
 * write into the file later may or may not show, so a kernel should be replaced by renaming, as
 * package managers do. Otherwise it is a copy. Returns 0 or -errno: -EFAULT where it is not all in
 * RAM, -ENODATA where the file is shorter than `length`.
 */
int memory_map_file(struct memory *memory, struct ipa start, int fd, uint64_t length);

#endif
