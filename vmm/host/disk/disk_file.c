/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the file that is a disk, and refuses what is not a raw image with advice. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "host/disk/disk_parts.h"

enum { SECTOR_SIZE = 512 };

static int file_fail(const struct disk *disk, const char *why)
{
    report("--disk %s: %s", file_shown(disk->path), why);
    return -REPORTED;
}

/* `error` is an errno of open(). */
static int file_fail_open(const struct disk *disk, bool read_only, int error)
{
    const char *advice = "";

    if (error == ENOENT) {
        advice = "; truncate -s 10G FILE makes an empty image";
    } else if ((error == EACCES || error == EROFS || error == EPERM) && !read_only) {
        advice = "; with ,ro after its name the guest may only read it";
    } else if (error == EBUSY) {
        advice = ": this host has mounted it, or uses it otherwise";
    }
    report("--disk %s: %s%s", file_shown(disk->path), strerror(error), advice);
    return -REPORTED;
}

/* Opening a FIFO would wait, and opening some devices has effects: so look first. */
static int file_check_kind(struct disk *disk, bool read_only)
{
    struct stat status;

    if (stat(disk->path, &status) != 0) {
        return file_fail_open(disk, read_only, errno);
    }
    if (S_ISDIR(status.st_mode)) {
        return file_fail(disk, "this is a folder; a disk is a file or a block device");
    }
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        return file_fail(disk, "this is neither a regular file nor a block device");
    }
    disk->is_device = S_ISBLK(status.st_mode);
    return 0;
}

/* O_EXCL: the kernel refuses a device that is mounted, or that another program holds like this. */
static int file_open_file(struct disk *disk, bool read_only)
{
    int flags = O_CLOEXEC | O_NOCTTY | (read_only ? O_RDONLY : O_RDWR);

    disk->fd = open(disk->path, flags | (disk->is_device && !read_only ? O_EXCL : 0));
    return disk->fd >= 0 ? 0 : file_fail_open(disk, read_only, errno);
}

static int file_measure(struct disk *disk)
{
    struct stat status;
    int block = SECTOR_SIZE;

    if (disk->is_device) {
        if (ioctl(disk->fd, BLKGETSIZE64, &disk->size) != 0 ||
            ioctl(disk->fd, BLKSSZGET, &block) != 0) {
            return file_fail(disk, strerror(errno));
        }
    } else {
        if (fstat(disk->fd, &status) != 0) {
            return file_fail(disk, strerror(errno));
        }
        disk->size = (uint64_t)status.st_size;
    }
    disk->block_size = (uint32_t)block;
    return 0;
}

static int file_check_size(const struct disk *disk)
{
    if (disk->size == 0) {
        return file_fail(disk, "it is empty; truncate -s 10G FILE gives it a size");
    }
    if (disk->size % disk->block_size != 0) {
        report("--disk %s: its size, %llu bytes, is not a multiple of %u; truncate -s %%%u FILE "
               "makes it one",
               disk->path, (unsigned long long)disk->size, disk->block_size, disk->block_size);
        return -REPORTED;
    }
    return 0;
}

/* How files begin that people take for raw images. */
struct file_magic {
    const char *bytes;
    size_t size;
    const char *what;
    const char *advice;
};

#define CONVERT                                                                                    \
    "qemu-img convert -O raw FILE NEW makes a raw one, and vhost-user= takes it as it is"
#define UNPACK "unpack it first"

static const struct file_magic file_magics[] = {
    {"QFI\xfb", 4, "a qcow2 image", CONVERT},
    {"KDMV", 4, "a VMDK image", CONVERT},
    {"vhdxfile", 8, "a VHDX image", CONVERT},
    {"conectix", 8, "a VHD image", CONVERT},
    {"\xfd"
     "7zXZ",
     5, "packed with xz", UNPACK},
    {"\x1f\x8b", 2, "packed with gzip", UNPACK},
    {"\x28\xb5\x2f\xfd", 4, "packed with zstd", UNPACK},
};

static int file_check_format(const struct disk *disk)
{
    char bytes[16];
    size_t count;

    if (file_read(disk->fd, 0, bytes, sizeof(bytes), &count) != 0) {
        return 0; /* The guest will see the error. */
    }
    for (size_t i = 0; i < sizeof(file_magics) / sizeof(file_magics[0]); i++) {
        const struct file_magic *magic = &file_magics[i];

        if (count >= magic->size && memcmp(bytes, magic->bytes, magic->size) == 0) {
            report("--disk %s: this is %s, and dormouse reads raw images only: %s; if it is a raw "
                   "image that only begins like that, write ,format=raw after its name",
                   disk->path, magic->what, magic->advice);
            return -REPORTED;
        }
    }
    return 0;
}

int disk_file_open(struct disk *disk, const struct disk_settings *settings)
{
    disk->path = disk_name(settings);
    if (disk->path == NULL) {
        report("--disk %s: out of memory", settings->value);
        return -REPORTED;
    }
    int error = file_check_kind(disk, settings->read_only);
    if (error == 0) {
        error = file_open_file(disk, settings->read_only);
    }
    if (error == 0) {
        error = file_measure(disk);
    }
    if (error == 0 && !settings->raw) {
        error = file_check_format(disk);
    }
    return error == 0 ? file_check_size(disk) : error;
}
