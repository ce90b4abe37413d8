/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The image that parts of private guest memory are mapped from: nothing of it is read before the guest, or
 * another access, needs it. A lease on the file, which must be there before, keeps what was not read yet as it
 * is. Main thread; vCPUs may run.
 */
#ifndef DORMOUSE_CORE_BACKING_H
#define DORMOUSE_CORE_BACKING_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BACKING_UNIT = 4096,
    BACKING_PART = 1 << 20,
    /* Each cut makes one or two mappings more, and Linux allows a process 65,530 (vm.max_map_count). */
    BACKING_CUTS_MAX = 16384,
};

struct backing {
    int fd; /* holds the file's lease and lock; negative: nothing is left to be read from the file */
    char *path;
    uint8_t *host;
    uint64_t size;
    uint8_t *units; /* a bit for each BACKING_UNIT that is mapped from the file */
    uint8_t *hot;   /* a bit for each BACKING_PART that a wake touches, as far as is known */
    bool learned;   /* `hot` has what this wake has touched */
    bool lost;      /* the file may have changed before it was read */
    uint64_t taken; /* how far memory was read */
    unsigned cuts;
};

/** `fd` is duplicated. NULL: out of memory or of descriptors. */
struct backing *backing_create(uint8_t *host, uint64_t size, int fd, const char *path);
/** Ends the lease as well. The mappings stay. NULL is ignored. */
void backing_destroy(struct backing *backing);

/**
 * Maps [offset, offset + size) of memory from offset `at` of the file. 0 or -errno: -EINVAL for what the
 * host's pages do not allow, -ENOSPC for one mapping too many; then memory is as it was. After -ENODEV (a
 * file system without mappings) it is as never touched.
 */
int backing_map(struct backing *backing, uint64_t offset, uint64_t size, uint64_t at);

/**
 * The next units in a row before `end` that are mapped: moves *unit to the first, and returns how many there are. 0:
 * there are none.
 */
uint64_t backing_next_run(const struct backing *backing, uint64_t *unit, uint64_t end);
/** Whether any of it is mapped from the file. NULL: none is. */
bool backing_has(const struct backing *backing, const uint8_t *host, uint64_t size);
/** Sets the bits of `bits` that pages_find() sets, for what is mapped from the file. NULL: nothing is. */
void backing_mark(const struct backing *backing, const uint8_t *host, uint64_t size, uint8_t *bits);
/** Whether something else may be mapped there: not too many such cuts were made before. */
bool backing_may_cut(struct backing *backing, const uint8_t *host, uint64_t size);
/** Something else is mapped there now. NULL is ignored. */
void backing_forget(struct backing *backing, const uint8_t *host, uint64_t size);

/**
 * Reads the next `size` bytes of memory from the file, as far as they are mapped from it, before anything needs them.
 * They stay mappings of the file, and a process that cuts it off takes them away. vCPUs may write to them meanwhile.
 * 0 or -errno.
 */
int backing_take(struct backing *backing, uint64_t size);
/** Nothing is mapped from the file any more: ends the lease. 0, or -EAGAIN: the file may have changed before. */
int backing_let_go(struct backing *backing);

/** A process waits for the end of the lease, or the kernel has ended it. */
bool backing_is_wanted(const struct backing *backing);

static inline bool backing_is_hot(const struct backing *backing, uint64_t part)
{
    return (backing->hot[part / 8] >> part % 8 & 1) != 0;
}

static inline void backing_set_hot(struct backing *backing, uint64_t part)
{
    backing->hot[part / 8] |= (uint8_t)(1 << part % 8);
}

#endif
