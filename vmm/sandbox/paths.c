/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the new user may do what is still to be done to a path; the kernel's answer, for ACLs and mounts count. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "sandbox/sandbox_parts.h"

/* In a folder such as /tmp only a file's owner, or the folder's, renames it. */
static bool sticky_bit_forbids(const char *folder, const char *path)
{
    struct stat around;
    struct stat file;

    return stat(folder, &around) == 0 && stat(path, &file) == 0 &&
           (around.st_mode & S_ISVTX) != 0 && around.st_uid != geteuid() &&
           file.st_uid != geteuid();
}

/* 0 or -errno. */
static int check_rename(const char *path)
{
    char folder[PATH_MAX];
    int error = file_folder(path, folder);

    if (error < 0) {
        return error;
    }
    if (access(folder, W_OK | X_OK) != 0) {
        return -errno;
    }
    return sticky_bit_forbids(folder, path) ? -EPERM : 0;
}

static void report_path(const struct sandbox_options *options, const struct sandbox_path *path,
                        int error)
{
    if (path->use == SANDBOX_SAVES) {
        report("%s: user %s may not create and replace it there, which saving the VM does: %s; "
               "choose a folder of that user's, or another --user",
               path->path, options->user->name, strerror(-error));
    } else if (path->use == SANDBOX_REPLACES) {
        report("%s: user %s may not create and replace it there: %s; choose a folder of that "
               "user's, or another --user",
               path->path, options->user->name, strerror(-error));
    } else {
        report("%s has a limit (max), but user %s may not rename it there: %s; choose a folder "
               "of that user's, another --user, or no limit",
               path->path, options->user->name, strerror(-error));
    }
}

int paths_check(const struct sandbox_options *options)
{
    for (size_t i = 0; i < options->path_count; i++) {
        const struct sandbox_path *path = &options->paths[i];
        int error = path->path != NULL && path->renames ? check_rename(path->path) : 0;

        if (error != 0) {
            report_path(options, path, error);
            return error;
        }
    }
    return 0;
}
