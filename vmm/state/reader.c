/* SPDX-License-Identifier: BSD-2-Clause */
#include "state/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "state/reader_parts.h"
#include "state/writer_parts.h"

/* A reader that knows where its file lies, and has not opened it. */
static int reader_create(const char *path, struct state_reader **out)
{
    struct state_place place;
    int error = place_open(&place, path);

    if (error != 0) {
        report("image %s: %s", file_shown(path), strerror(-error));
        return -REPORTED;
    }
    return reader_allocate(&place, out);
}

static int reader_measure(struct state_reader *reader)
{
    struct stat status;

    if (fstat(reader->fd, &status) != 0) {
        return reader_fail(reader, "%s", strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return reader_fail(reader, "this is not a regular file");
    }
    reader->file_size = (uint64_t)status.st_size;
    return 0;
}

static int reader_check(struct state_reader *reader)
{
    int error = reader_measure(reader);

    return error != 0 ? error : reader_check_file(reader);
}

static int reader_take(struct state_reader *reader, struct state_reader **out)
{
    int error = reader_check(reader);

    if (error != 0) {
        state_reader_close(reader);
        return error;
    }
    *out = reader;
    return 0;
}

/* NULL: as far as the name says, this image is all that there is of its guest. */
static const char *reader_use_of_name(const struct state_place *place)
{
    if (place_ends(place, PLACE_RESTORED)) {
        return "was restored already";
    }
    return place_ends(place, PLACE_WOKEN) ? "woke and ran on" : NULL;
}

/* Whether others that share the file are what is in the way. */
static bool reader_meets_clones(const struct state_place *place)
{
    int fd = place_open_locked(place, place->name, O_RDONLY | O_NOFOLLOW, PLACE_SHARED);

    if (fd < 0) {
        return false;
    }
    close(fd);
    return true;
}

/* Why there is no descriptor but an error. */
static void reader_tell_refusal(const struct state_reader *reader, int error)
{
    const struct state_place *place = &reader->place;

    if (error == -EWOULDBLOCK && reader_meets_clones(place)) {
        (void)reader_fail(reader,
                          "clones run from it, or it is exported: end them first, or give --clone");
    } else if (error == -EWOULDBLOCK || error == -ESTALE) {
        (void)reader_fail(reader, "another process has it open to restore or to save a VM");
    } else if (error == -ELOOP) {
        /* The file itself is renamed when the VM runs, so that it is not restored again. */
        (void)reader_fail(reader, "this is a symbolic link: give the file that it names");
    } else if (error == -EINVAL) {
        (void)reader_fail(reader, "this is not a regular file");
    } else if (error == -ENOENT && place_has(place, place->restored)) {
        (void)reader_fail(reader, "this VM was restored already, and the file is %s now",
                          place->restored);
    } else {
        (void)reader_fail(reader, "%s", strerror(-error));
    }
}

static bool reader_lock(struct state_reader *reader, enum place_lock lock)
{
    const struct state_place *place = &reader->place;
    const char *use = reader_use_of_name(place);

    if (use != NULL) {
        (void)reader_fail(reader,
                          "this VM %s, and its disks have changed since; rename the file if it is "
                          "to be restored again all the same",
                          use);
        return false;
    }
    int fd = place_open_locked(place, place->name, O_RDONLY | O_NOFOLLOW, lock);
    if (fd < 0) {
        reader_tell_refusal(reader, fd);
        return false;
    }
    reader->fd = fd;
    return true;
}

static int reader_open(const char *path, enum place_lock lock, struct state_reader **out)
{
    struct state_reader *reader;
    int error = reader_create(path, &reader);

    if (error != 0) {
        return error;
    }
    if (!reader_lock(reader, lock)) {
        state_reader_close(reader);
        return -REPORTED;
    }
    return reader_take(reader, out);
}

int state_reader_open(const char *path, struct state_reader **out)
{
    return reader_open(path, PLACE_OWN, out);
}

int state_reader_open_shared(const char *path, struct state_reader **out)
{
    return reader_open(path, PLACE_SHARED, out);
}

static bool reader_is_same(int one, int other)
{
    struct stat first;
    struct stat second;

    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* There is a lease only on a file that no descriptor can write, so the writer's is given up. */
static int reader_take_over(struct state_reader *reader, const struct state_writer *writer)
{
    const struct state_place *place = &reader->place;

    (void)flock(writer->done, LOCK_UN);
    int fd = place_open_locked(place, place->name, O_RDONLY | O_NOFOLLOW, PLACE_OWN);
    if (fd < 0) {
        reader_tell_refusal(reader, fd);
        return -REPORTED;
    }
    reader->fd = fd;
    return reader_is_same(fd, writer->done) ? 0
                                            : reader_fail(reader, "another file has that name now");
}

static int reader_begin_again(struct state_writer *writer, struct state_reader **out)
{
    struct state_place place;
    int error = place_copy(&place, &writer->place);

    if (error != 0) {
        report("image %s: %s", writer->place.path, strerror(-error));
        return -REPORTED;
    }
    error = reader_allocate(&place, out);
    if (error != 0) {
        return error;
    }
    error = reader_take_over(*out, writer);
    return error == 0 ? reader_check(*out) : error;
}

/*
 * An image that cannot be read goes, because its guest continues from memory. So does one that a process has locked
 * in the moment between the two descriptors, and then it cannot claim the file. If it was faster, the guest is its own.
 */
static int reader_give_up(const struct state_writer *writer)
{
    int error = place_discard(&writer->place, writer->done);

    if (error == -ENOENT || error == -ESTALE) {
        return -EBUSY;
    }
    if (error != 0) {
        report("image %s: it cannot be removed (%s): do not restore it, its guest runs on",
               writer->place.path, strerror(-error));
    }
    return -REPORTED;
}

int state_reader_reopen(struct state_writer *writer, struct state_reader **out)
{
    struct state_reader *reader = NULL;
    int error = reader_begin_again(writer, &reader);

    if (error != 0) {
        error = reader_give_up(writer);
        state_reader_close(reader);
        return error;
    }
    close(writer->done);
    writer->done = -1;
    *out = reader;
    return 0;
}

int state_reader_examine(const char *path, struct state_reader **out)
{
    struct state_reader *reader;
    int error = reader_create(path, &reader);

    if (error != 0) {
        return error;
    }
    reader->fd = openat(reader->place.folder, reader->place.name,
                        O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (reader->fd < 0) {
        error = reader_fail(reader, "%s", strerror(errno));
        state_reader_close(reader);
        return error;
    }
    return reader_take(reader, out);
}

bool state_reader_is_of(const struct state_reader *reader, const struct state_writer *writer)
{
    return place_compare(&writer->place, reader->fd) == 0;
}

/* What place_retire() and place_discard() mean. */
static const char *reader_name_error(int error)
{
    return error == -ESTALE ? "another file has that name now" : strerror(-error);
}

int state_reader_claim(struct state_reader *reader)
{
    int error = place_retire(&reader->place, reader->fd);

    return error == 0
               ? 0
               : reader_fail(reader, "cannot rename it to %s, so that it is not restored again: %s",
                             reader->place.restored, reader_name_error(error));
}

int state_reader_remove(struct state_reader *reader)
{
    int error = place_discard(&reader->place, reader->fd);

    return error == 0 ? 0
                      : reader_fail(reader, "cannot remove it, so that it is not restored: %s",
                                    reader_name_error(error));
}
