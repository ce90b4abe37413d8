/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A raw disk image: a regular file or a block device, read and written through the host's page
 * cache. A write is on the medium after the next flush. Requests are handed to the kernel through
 * io_uring or to a few threads, and finish in any order.
 *
 * Threads: the caller's lock protects a disk; every function but disk_open() and disk_close() is
 * called with it held, and so is `done` of a request. Requests come from the main thread, which may
 * create threads then.
 */
#ifndef DORMOUSE_HOST_DISK_H
#define DORMOUSE_HOST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "host/disk/disk_settings.h"

enum { DISK_REQUESTS_MAX = 64 }; /* under way at the same time */

struct disk;

enum disk_operation {
    DISK_READ,
    DISK_WRITE,
    DISK_FLUSH,
    DISK_DISCARD, /* advice: what cannot be discarded stays */
    DISK_ZERO,
};

/* A way to do a part of a request: what the kernel is asked for. */
enum disk_way {
    DISK_WAY_READ,
    DISK_WAY_WRITE,
    DISK_WAY_FLUSH,
    DISK_WAY_PUNCH,
    DISK_WAY_ZERO_RANGE,
    DISK_WAY_WRITE_ZEROES,
};

struct disk_request {
    enum disk_operation operation;
    unsigned part_count; /* at most IOV_MAX */
    struct iovec *parts; /* the owner's, which the disk changes */
    uint64_t offset;
    uint64_t size; /* a read's or write's parts have as many bytes, and more than none */
    /*
     * The request has ended, and belongs to the caller again: 0 or -errno; -ECANCELED only during
     * disk_drain(). Offset, size and parts then name what was not done.
     */
    void (*done)(struct disk_request *request, int error);
    void *arg;      /* the caller's */
    bool durable;   /* what is written is on the medium when the request ends */
    bool may_unmap; /* DISK_ZERO: the space may be given back */

    /* The disk's own. */
    enum disk_way way;
    struct disk *disk;
    struct disk_request *next;
    size_t piece;         /* bytes that the kernel is asked for now, */
    unsigned piece_parts; /* and in how many parts */
    unsigned again;       /* how often the kernel has refused the piece for the moment */
    size_t hidden;        /* bytes of the last part that the piece leaves out */
    struct iovec zeroes;  /* DISK_WAY_WRITE_ZEROES: the only part */
    int64_t result;       /* of the piece: bytes, or -errno */
};

/*
 * Opens and locks the file that `settings` names. Returns 0 or, after report()ing one line,
 * -REPORTED. Main thread.
 */
int disk_open(const struct disk_settings *settings, struct disk **out);

/* Nothing is under way. NULL is ignored. Main thread. */
void disk_close(struct disk *disk);

uint64_t disk_size(const struct disk *disk);       /* bytes, a multiple of the block size */
uint32_t disk_block_size(const struct disk *disk); /* 512, or what a block device has */
const char *disk_path(const struct disk *disk);    /* as in messages */
const char *disk_engine(const struct disk *disk);  /* "io_uring" or "threads" */

/* Readable when disk_reap() has work. */
int disk_event(const struct disk *disk);

/* Takes a request; there must be fewer than DISK_REQUESTS_MAX under way. */
void disk_submit(struct disk *disk, struct disk_request *request);

/* Hands over all that was submitted since the last call, at once. */
void disk_start(struct disk *disk);

/* Ends the requests that have finished, and continues those that had only a part done. */
void disk_reap(struct disk *disk);

/* Waits until all requests have ended, and does all of them. Main thread. */
void disk_finish(struct disk *disk);

/*
 * Ends all requests: waits for what the kernel is doing, and begins nothing more. When it returns
 * nothing reads or writes the parts of any request. Any thread, also while the main thread waits
 * for the lock.
 */
void disk_drain(struct disk *disk);

#endif
