/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's locks of an image (its block/file-posix.c): a process that has a permission holds a read
 * lock on byte 100 + P, and one that does not allow it to others holds one on byte 200 + P. Each
 * then looks for a lock of others that contradicts. Two that come at the same time may both give up.
 *
 * The locks are of a second open file, which only this process has: what io_uring does with the
 * first one cannot keep it open after the process has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"
#include "host/disk/disk_parts.h"

/* QEMU's permissions. */
enum { PERMIT_READ = 0, PERMIT_WRITE = 1, PERMIT_RESIZE = 3 };
enum { BYTE_HAS = 100, BYTE_DENIES = 200 };

static int lock_byte(const struct disk *disk, int byte)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(disk->lock_fd, F_OFD_SETLK, &lock) == 0 ? 0 : -errno;
}

/* Whether another open file has a lock on the byte. */
static bool lock_is_taken(const struct disk *disk, int byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(disk->lock_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int lock_take(const struct disk *disk, bool read_only)
{
    static const int bytes[] = {BYTE_HAS + PERMIT_READ, BYTE_DENIES + PERMIT_WRITE,
                                BYTE_DENIES + PERMIT_RESIZE, BYTE_HAS + PERMIT_WRITE};
    size_t count = sizeof(bytes) / sizeof(bytes[0]) - (read_only ? 1 : 0);

    for (size_t i = 0; i < count; i++) {
        int error = lock_byte(disk, bytes[i]);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static bool lock_contradicts(const struct disk *disk, bool read_only)
{
    return lock_is_taken(disk, BYTE_HAS + PERMIT_WRITE) ||
           lock_is_taken(disk, BYTE_HAS + PERMIT_RESIZE) ||
           lock_is_taken(disk, BYTE_DENIES + PERMIT_READ) ||
           (!read_only && lock_is_taken(disk, BYTE_DENIES + PERMIT_WRITE));
}

/* The same file: its name may have been given to another one since. */
static int lock_open(struct disk *disk)
{
    struct stat first;
    struct stat second;

    disk->lock_fd = open(disk->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (disk->lock_fd < 0 || fstat(disk->fd, &first) != 0 || fstat(disk->lock_fd, &second) != 0) {
        return -errno;
    }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino ? 0 : -ESTALE;
}

int disk_lock(struct disk *disk, bool read_only)
{
    int error = lock_open(disk);

    if (error != 0) {
        report("--disk %s: cannot open it to lock it: %s", disk->path, strerror(-error));
        return -REPORTED;
    }
    error = lock_take(disk, read_only);
    if (error == -EAGAIN || error == -EACCES || lock_contradicts(disk, read_only)) {
        report("--disk %s: another VM uses it%s", disk->path,
               read_only ? " and may write to it"
                         : "; VMs can share a disk only if all have it ,ro");
        return -REPORTED;
    }
    if (error != 0) {
        report("--disk %s: it cannot be locked (%s): nothing keeps another VM from using it too",
               disk->path, strerror(-error));
    }
    return 0;
}
