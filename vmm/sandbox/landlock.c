/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Landlock: nothing can be opened any more, whatever the user might open, but what the options
 * name. The C library has no functions for it, and headers of a release know the interface of that
 * time only; so the numbers are here (Linux, Documentation/userspace-api/landlock.rst).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "sandbox/sandbox_parts.h"

/* As Linux 6.12 has it; a kernel of an older version takes the beginning. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

#define FS_RIGHTS_1   ((UINT64_C(1) << 13) - 1) /* execute ... make a symbolic link */
#define FS_REFER      (UINT64_C(1) << 13)       /* version 2 */
#define FS_TRUNCATE   (UINT64_C(1) << 14)       /* version 3 */
#define NET_RIGHTS    UINT64_C(3)               /* version 4: bind and connect TCP */
#define FS_IOCTL_DEV  (UINT64_C(1) << 15)       /* version 5 */
#define SCOPED_RIGHTS UINT64_C(3)               /* version 6: abstract sockets, signals */

#define REOPEN_FILE   (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE)
#define REOPEN_FOLDER (REOPEN_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static const struct {
    int version;
    struct ruleset rights; /* new in it */
} versions[] = {
    {1, {.fs = FS_RIGHTS_1}}, {2, {.fs = FS_REFER}},     {3, {.fs = FS_TRUNCATE}},
    {4, {.net = NET_RIGHTS}}, {5, {.fs = FS_IOCTL_DEV}}, {6, {.scoped = SCOPED_RIGHTS}},
};

int landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version > 0 ? (int)version : 0;
}

/* All that this version can forbid. */
static struct ruleset rights_of(int version)
{
    struct ruleset rights = {0};

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (versions[i].version <= version) {
            rights.fs |= versions[i].rights.fs;
            rights.net |= versions[i].rights.net;
            rights.scoped |= versions[i].rights.scoped;
        }
    }
    return rights;
}

static size_t ruleset_size(int version)
{
    if (version >= 6) {
        return sizeof(struct ruleset);
    }
    return version >= 4 ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
}

static bool is_special(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/* What may be done in a file's folder. */
static uint64_t folder_access(enum sandbox_use use)
{
    switch (use) {
    case SANDBOX_REOPENS:
    case SANDBOX_REPLACES:
    case SANDBOX_SAVES:
        return REOPEN_FOLDER | FS_TRUNCATE;
    case SANDBOX_READS:
        return LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    case SANDBOX_CONNECTS:
    case SANDBOX_REMOVES:
    default:
        return LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
}

/* What a rule can be made for: the file's folder, or the file itself where it is a device. */
static int open_place(const struct sandbox_path *path, uint64_t *access)
{
    char folder[PATH_MAX];
    const char *place = folder;
    int error = file_folder(path->path, folder);

    if (error < 0) {
        return error;
    }
    *access = folder_access(path->use);
    if (path->use == SANDBOX_REOPENS && is_special(path->path)) {
        *access = REOPEN_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
        place = path->path;
    }
    int fd = open(place, O_PATH | O_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

static int ruleset_allow(int ruleset, const struct sandbox_path *path, uint64_t handled)
{
    struct landlock_path_beneath_attr rule = {0};
    uint64_t access;
    int fd = open_place(path, &access);

    if (fd < 0) {
        return fd;
    }
    rule.parent_fd = fd;
    rule.allowed_access = access & handled;
    long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    int error = result == 0 ? 0 : -errno;
    close(fd);
    /* A pipe or socket without a name (/dev/stdout): Landlock has no rules for it, and needs none. */
    return error == -EBADFD ? 0 : error;
}

static int allow_all(int ruleset, const struct sandbox_options *options, uint64_t handled)
{
    int error = 0;

    if (sandbox_path_instruments.path != NULL) {
        error = ruleset_allow(ruleset, &sandbox_path_instruments, handled);
    }
    for (size_t i = 0; i < options->path_count && error == 0; i++) {
        if (options->paths[i].path != NULL) {
            error = ruleset_allow(ruleset, &options->paths[i], handled);
        }
    }
    return error;
}

static int restrict_self(const struct sandbox_options *options, int version)
{
    struct ruleset rights = rights_of(version);
    long ruleset = syscall(SYS_landlock_create_ruleset, &rights, ruleset_size(version), 0);

    if (ruleset < 0) {
        return -errno;
    }
    int error = allow_all((int)ruleset, options, rights.fs);
    if (error == 0 && syscall(SYS_landlock_restrict_self, (int)ruleset, 0) != 0) {
        error = -errno;
    }
    close((int)ruleset);
    return error;
}

int landlock_enter(const struct sandbox_options *options)
{
    int version = landlock_version();

    if (version == 0) {
        return 0; /* The filter lets nothing be opened either, but for logs. */
    }
    int error = restrict_self(options, version);
    if (error != 0) {
        report("sandbox: cannot restrict file access by Landlock: %s; --no-sandbox runs the VM "
               "without one",
               strerror(-error));
        return -1;
    }
    return 0;
}
