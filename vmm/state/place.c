/* SPDX-License-Identifier: BSD-2-Clause */
#include "state/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "" for a name without a folder, and "/" for one in the root folder. */
static int place_open_folder(const struct state_place *place)
{
    size_t length = (size_t)(place->name - place->path);
    char *folder = length == 0 ? strdup(".") : strndup(place->path, length);

    if (folder == NULL) {
        return -ENOMEM;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd >= 0 ? fd : -errno;
    free(folder);
    return error;
}

static char *place_join(const char *name, const char *end)
{
    char *joined;

    return asprintf(&joined, "%s%s", name, end) >= 0 ? joined : NULL;
}

static int place_set_names(struct state_place *place, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return -EISDIR;
    }
    place->path = strdup(path);
    place->saving = place_join(name, PLACE_SAVING);
    place->restored = place_join(name, PLACE_RESTORED);
    place->woken = place_join(name, PLACE_WOKEN);
    if (place->path == NULL || place->saving == NULL || place->restored == NULL ||
        place->woken == NULL) {
        return -ENOMEM;
    }
    place->name = place->path + (name - path);
    return 0;
}

int place_copy(struct state_place *place, const struct state_place *from)
{
    *place = (struct state_place){.folder = -1};
    int error = place_set_names(place, from->path);

    if (error == 0) {
        place->folder = fcntl(from->folder, F_DUPFD_CLOEXEC, 0);
        error = place->folder < 0 ? -errno : 0;
    }
    if (error != 0) {
        place_close(place);
    }
    return error;
}

int place_open(struct state_place *place, const char *path)
{
    *place = (struct state_place){.folder = -1};
    int error = place_set_names(place, path);

    if (error == 0) {
        place->folder = place_open_folder(place);
        error = place->folder < 0 ? place->folder : 0;
    }
    if (error != 0) {
        place_close(place);
    }
    return error;
}

void place_close(struct state_place *place)
{
    if (place->folder >= 0) {
        close(place->folder);
    }
    free(place->woken);
    free(place->restored);
    free(place->saving);
    free(place->path);
    *place = (struct state_place){.folder = -1};
}

/* NFS has no locks on files that are open for reading only; other file systems have none at all. */
static bool place_has_no_locks(int error)
{
    return error == EBADF || error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP;
}

/* A lock counts only if the file still has the name: its holder may have renamed it. */
static int place_check(const struct state_place *place, const char *name, int fd,
                       enum place_lock lock)
{
    int operation = lock == PLACE_SHARED ? LOCK_SH : LOCK_EX;
    struct stat file;
    struct stat named;

    if (fstat(fd, &file) != 0) {
        return -errno;
    }
    if (!S_ISREG(file.st_mode)) {
        return -EINVAL;
    }
    if (flock(fd, operation | LOCK_NB) != 0 && !place_has_no_locks(errno)) {
        return -errno;
    }
    if (fstatat(place->folder, name, &named, 0) != 0) {
        return errno == ENOENT ? -ESTALE : -errno;
    }
    return file.st_dev == named.st_dev && file.st_ino == named.st_ino ? 0 : -ESTALE;
}

int place_open_locked(const struct state_place *place, const char *name, int flags,
                      enum place_lock lock)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its other end. */
    int fd =
        openat(place->folder, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, S_IRUSR | S_IWUSR);

    if (fd < 0) {
        return -errno;
    }
    int error = place_check(place, name, fd, lock);
    if (error != 0) {
        close(fd);
        return error;
    }
    return fd;
}

/* Nothing is done to a file that a process still writes. */
static int place_clear(const struct state_place *place, const char *name)
{
    int old = place_open_locked(place, name, O_RDONLY | O_NOFOLLOW, PLACE_OWN);

    if (old < 0) {
        return old == -ENOENT ? 0 : old;
    }
    int error = unlinkat(place->folder, name, 0) == 0 ? 0 : -errno;
    close(old);
    return error;
}

int place_create_locked(const struct state_place *place, const char *name)
{
    int error = place_clear(place, name);

    if (error == 0) {
        error = place_open_locked(place, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, PLACE_OWN);
    }
    return error == -EEXIST || error == -ESTALE ? -EWOULDBLOCK : error;
}

/* 0 or -errno: -ENOENT if there is nothing to exchange with, -EINVAL or -ENOSYS without such a call. */
static int place_exchange(const struct state_place *place)
{
    int folder = place->folder;

    return renameat2(folder, place->saving, folder, place->name, RENAME_EXCHANGE) == 0 ? 0 : -errno;
}

static int place_move(const struct state_place *place, const char *from, const char *to)
{
    return renameat(place->folder, from, place->folder, to) == 0 ? 0 : -errno;
}

static int place_sync(const struct state_place *place)
{
    return fsync(place->folder) == 0 ? 0 : -errno;
}

/*
 * What was renamed gets to the disk, or the names are as before, and that gets to the disk: one of the two
 * may have got there without the folder's fsync().
 */
static int place_settle(const struct state_place *place, const char *from, const char *to,
                        bool exchanged)
{
    int error = place_sync(place);

    if (error != 0) {
        (void)(exchanged ? place_exchange(place) : place_move(place, to, from));
        (void)place_sync(place);
    }
    return error;
}

static int place_move_for_good(const struct state_place *place, const char *from, const char *to)
{
    int error = place_move(place, from, to);

    return error == 0 ? place_settle(place, from, to, false) : error;
}

/*
 * The names are exchanged where the file system can do that: then the old image still exists if the
 * folder does not get to the disk.
 */
static int place_replace(const struct state_place *place)
{
    if (place_exchange(place) != 0) {
        return place_move_for_good(place, place->saving, place->name);
    }
    int error = place_settle(place, place->saving, place->name, true);
    if (error == 0) {
        place_remove(place, place->saving);
    }
    return error;
}

/*
 * Another VM may sleep as FILE, or just be restored from it. A process that gave up root may be unable to
 * open the old image: then there is no lock to be seen.
 */
int place_publish(const struct state_place *place)
{
    int old = place_open_locked(place, place->name, O_RDONLY | O_NOFOLLOW, PLACE_OWN);

    if (old < 0 && old != -ENOENT && old != -EACCES) {
        return old == -ESTALE ? -EWOULDBLOCK : old;
    }
    int error = place_replace(place);
    if (old >= 0) {
        close(old);
    }
    return error;
}

int place_compare(const struct state_place *place, int fd)
{
    struct stat file;
    struct stat named;

    if (fstat(fd, &file) != 0 ||
        fstatat(place->folder, place->name, &named, AT_SYMLINK_NOFOLLOW) != 0) {
        return -errno;
    }
    return file.st_dev == named.st_dev && file.st_ino == named.st_ino ? 0 : -ESTALE;
}

int place_retire(const struct state_place *place, int fd)
{
    int error = place_compare(place, fd);

    return error == 0 ? place_move_for_good(place, place->name, place->restored) : error;
}

static bool place_is_gone(int fd)
{
    struct stat file;

    return fstat(fd, &file) == 0 && file.st_nlink == 0;
}

/* A name that was removed could not be given back if the folder does not get to the disk. */
int place_discard(const struct state_place *place, int fd)
{
    int error = place_compare(place, fd);

    if (error != 0) {
        return place_is_gone(fd) ? 0 : error;
    }
    error = place_move_for_good(place, place->name, place->woken);
    if (error == 0) {
        place_remove(place, place->woken);
    }
    return error;
}

void place_remove(const struct state_place *place, const char *name)
{
    (void)unlinkat(place->folder, name, 0);
}

bool place_ends(const struct state_place *place, const char *end)
{
    size_t length = strlen(place->name);
    size_t size = strlen(end);

    return length > size && strcmp(place->name + length - size, end) == 0;
}

bool place_has(const struct state_place *place, const char *name)
{
    struct stat status;

    return fstatat(place->folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}
