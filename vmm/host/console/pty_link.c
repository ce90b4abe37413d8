/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/console/pty_link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static const char *link_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int link_open_folder(const char *path)
{
    char folder[PATH_MAX];
    int error = file_folder(path, folder);

    if (error < 0) {
        return error;
    }
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

/* Removes a link that was left, and nothing else. */
static int link_clear(int folder, const char *name)
{
    struct stat status;

    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (!S_ISLNK(status.st_mode)) {
        return -EEXIST;
    }
    return unlinkat(folder, name, 0) == 0 ? 0 : -errno;
}

int pty_link_make(struct pty_link *link, const char *path, const char *pty)
{
    const char *name = link_name(path);
    struct stat status;

    *link = (struct pty_link)PTY_LINK_NONE;
    int folder = link_open_folder(path);
    if (folder < 0) {
        return folder;
    }
    int error = link_clear(folder, name);
    if (error == 0 && (symlinkat(pty, folder, name) != 0 ||
                       fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)) {
        error = -errno;
    }
    if (error != 0) {
        close(folder);
        return error;
    }
    *link = (struct pty_link){path, folder, status.st_ino};
    return 0;
}

void pty_link_remove(struct pty_link *link)
{
    struct stat status;

    if (link->folder_fd < 0) {
        return;
    }
    const char *name = link_name(link->path);
    if (fstatat(link->folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_ino == link->inode) {
        unlinkat(link->folder_fd, name, 0);
    }
    close(link->folder_fd);
    *link = (struct pty_link)PTY_LINK_NONE;
}
