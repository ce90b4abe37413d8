/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef DORMOUSE_HOST_DISK_PARTS_H
#define DORMOUSE_HOST_DISK_PARTS_H

#include "host/disk/disk.h"

/* Who does the work. An engine does one piece of each request at a time. */
struct disk_engine {
    const char *name;
    /* 0, or -errno: this kernel, or who set this process up, does not allow it. */
    int (*open)(struct disk *disk);
    void (*close)(struct disk *disk);
    /* Takes the piece that `request` names, */
    void (*take)(struct disk *disk, struct disk_request *request);
    /* and begins with all that were taken. */
    void (*begin)(struct disk *disk);
    /* Calls piece_done() for each that is finished, but for none that is taken meanwhile. */
    void (*reap)(struct disk *disk);
    /* Drops what has not begun: its result is -ECANCELED. */
    void (*cancel)(struct disk *disk);
    /* Waits until reap() has something. Something has been taken and begun. */
    void (*wait)(struct disk *disk);
};

extern const struct disk_engine disk_engine_uring;
extern const struct disk_engine disk_engine_threads;

struct disk {
    char *path;
    int fd;
    int lock_fd;
    int event; /* readable if reap() has something */
    bool is_device;
    uint64_t size;
    uint32_t block_size;
    const struct disk_engine *engine;
    void *work; /* the engine's */
    unsigned under_way;
    bool draining;
    bool cannot[DISK_WAY_WRITE_ZEROES + 1]; /* the file system, or the device, has no such way */
};

/* --- disk_file.c. --- */

/* Opens it, checks it and sets `fd`, `is_device`, `size` and `block_size`. 0 or -REPORTED. */
int disk_file_open(struct disk *disk, const struct disk_settings *settings);

/* --- disk_lock.c --- */

/*
 * Opens the file again and locks it, as QEMU does: with byte locks of the open file (F_OFD_SETLK).
 * A writer excludes all others; readers exclude writers. The lock ends with the process. 0 or
 * -REPORTED.
 */
int disk_lock(struct disk *disk, bool read_only);

/* --- piece.c: a request in pieces. --- */

/* Chooses the way and the first piece. */
void piece_begin(struct disk_request *request);

/*
 * The kernel has finished the piece with that result, bytes or -errno: gives the engine the next
 * one, or ends the request.
 */
void piece_done(struct disk *disk, struct disk_request *request, int64_t result);

/* The parts of the piece, for a read or a write. */
const struct iovec *piece_parts(const struct disk_request *request);

/* Does the piece on this thread. Returns bytes or -errno. */
int64_t piece_do(const struct disk_request *request);

/* fallocate()'s mode for this way. */
int piece_mode(enum disk_way way);

#endif
