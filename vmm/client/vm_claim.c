/* SPDX-License-Identifier: BSD-2-Clause */
#include "client/vm_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"

/* The lock belongs to the open file, not to the process: no other descriptor of the file gives it up. */
static bool claim_lock(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool vm_claim_is_held(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Whether a VM in one of the folders has the name. */
static bool claim_is_taken(const struct vm_folders *folders, const char *file)
{
    for (size_t i = 0; i < folders->count; i++) {
        char path[VM_FOLDER_SIZE + VM_FILE_SIZE];

        (void)snprintf(path, sizeof(path), "%s/%s", folders->at[i], file);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        bool taken = fd >= 0 && vm_claim_is_held(fd);
        if (fd >= 0) {
            close(fd);
        }
        if (taken) {
            return true;
        }
    }
    return false;
}

/*
 * Opens the file and locks it. The process that had the name may remove the file in between; then
 * there is another one, or none. Returns -errno: -EAGAIN if another process has the name.
 */
static int claim_open(const struct vm_claim *claim)
{
    for (int tries = 0; tries < 100; tries++) {
        int fd = openat(claim->folder_fd, claim->file,
                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        struct stat status;

        if (fd < 0) {
            return -errno;
        }
        int error = claim_lock(fd) && fstat(fd, &status) == 0 ? 0 : -errno;
        if (error == 0 && status.st_nlink > 0) {
            return fd;
        }
        close(fd);
        if (error != 0) {
            return error;
        }
    }
    return -EAGAIN;
}

static int claim_write(int fd, const json_t *record)
{
    if (record == NULL) {
        return -ENOMEM;
    }
    if (ftruncate(fd, 0) != 0) {
        return -errno;
    }
    return json_dumpfd(record, fd, JSON_COMPACT) == 0 ? 0 : -(errno != 0 ? errno : EIO);
}

static int claim_take(struct vm_claim *claim, const struct vm_folders *folders,
                      const json_t *record)
{
    const char *folder = folders->at[0];

    if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
        return -errno;
    }
    claim->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (claim->folder_fd < 0) {
        return -errno;
    }
    if (claim_is_taken(folders, claim->file)) {
        return -EAGAIN;
    }
    claim->fd = claim_open(claim);
    return claim->fd < 0 ? claim->fd : claim_write(claim->fd, record);
}

static void claim_report(const struct vm_claim *claim, const char *name, const char *folder,
                         int error)
{
    struct stat status;

    if (error == -EAGAIN) {
        report("--name %s: a VM of that name runs already; see dormouse ps", name);
    } else if (error == -EACCES &&
               fstatat(claim->folder_fd, claim->file, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        report("--name %s: %s belongs to user %u; a VM of that user has the name, or has left the "
               "file: then remove it",
               name, claim->path, status.st_uid);
    } else {
        report("--name %s: cannot put %s into %s: %s", name, claim->file, folder, strerror(-error));
    }
}

bool vm_claim(struct vm_claim *claim, const char *name, json_t *record)
{
    struct vm_folders folders;

    *claim = (struct vm_claim)VM_CLAIM_NONE;
    (void)snprintf(claim->file, sizeof(claim->file), "%s.vm", name);
    vm_folders(&folders);
    (void)snprintf(claim->path, sizeof(claim->path), "%s/%s", folders.at[0], claim->file);
    int error = claim_take(claim, &folders, record);
    json_decref(record);
    if (error == 0) {
        return true;
    }
    claim_report(claim, name, folders.at[0], error);
    vm_release(claim);
    return false;
}

void vm_release(struct vm_claim *claim)
{
    if (claim->fd >= 0) {
        unlinkat(claim->folder_fd, claim->file, 0);
        close(claim->fd);
    }
    if (claim->folder_fd >= 0) {
        close(claim->folder_fd);
    }
    *claim = (struct vm_claim)VM_CLAIM_NONE;
}
