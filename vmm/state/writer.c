/* SPDX-License-Identifier: BSD-2-Clause */
#include "state/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "core/memory.h"
#include "state/checksum.h"
#include "state/writer_parts.h"

static const char *writer_reason(int error)
{
    switch (error) {
    case -EWOULDBLOCK:
        return "another process has it open to save or to restore a VM, or a clone runs from it";
    case -EEXIST:
        return "it is no image of a VM";
    default:
        return strerror(-error);
    }
}

/* Nothing is left of the new image. Always -REPORTED. */
int writer_fail(struct state_writer *writer, const char *what, int error)
{
    report("%s: cannot save the VM to %s: %s: %s; nothing has changed there", writer->option,
           writer->place.path, what, writer_reason(error));
    state_writer_abort(writer);
    return -REPORTED;
}

int writer_put(struct state_writer *writer, const void *bytes, size_t size, uint64_t offset)
{
    const uint8_t *next = bytes;

    while (size > 0) {
        ssize_t put = pwrite(writer->fd, next, size, (off_t)offset);

        if (put > 0) {
            next += put;
            offset += (uint64_t)put;
            size -= (size_t)put;
        } else if (put == 0 || errno != EINTR) {
            return put == 0 ? -ENOSPC : -errno;
        }
    }
    return 0;
}

/* A wrong name must not cost the operator a file, nor one that got that name since the VM began. */
static int writer_check_old(const struct state_writer *writer)
{
    const struct state_place *place = &writer->place;
    char magic[sizeof(FORMAT_MAGIC) - 1];
    struct stat status;
    size_t count = 0;

    if (fstatat(place->folder, place->name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : -errno;
    }
    if (!S_ISREG(status.st_mode)) {
        return -EEXIST;
    }
    int fd = openat(place->folder, place->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return -errno;
    }
    int error = file_read(fd, 0, magic, sizeof(magic), &count);
    close(fd);
    if (error == 0 && (count != sizeof(magic) || memcmp(magic, FORMAT_MAGIC, count) != 0)) {
        error = -EEXIST;
    }
    return error;
}

/* A file of such a name is not restored, or the next save removes it. */
static bool writer_has_own_name(const struct state_writer *writer)
{
    const struct state_place *place = &writer->place;

    return !place_ends(place, PLACE_SAVING) && !place_ends(place, PLACE_RESTORED) &&
           !place_ends(place, PLACE_WOKEN);
}

static int writer_refuse(const struct state_writer *writer, const char *path, int error)
{
    if (error == -EINVAL) {
        report("%s %s: dormouse gives names with this end to files that are not to be restored; "
               "name another file",
               writer->option, file_shown(path));
    } else if (error == -EEXIST) {
        report("%s %s: this exists and is no image of a VM, so dormouse does not replace it; name "
               "another file",
               writer->option, path);
    } else {
        report("%s %s: %s", writer->option, file_shown(path), strerror(-error));
    }
    return -REPORTED;
}

int state_writer_open(const char *path, const char *option, struct state_writer **out)
{
    struct state_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL) {
        report("%s: out of memory", option);
        return -REPORTED;
    }
    writer->option = option;
    writer->fd = writer->done = -1;
    writer->pages = pages_open();
    int error = place_open(&writer->place, path);
    if (error == 0) {
        error = writer_has_own_name(writer) ? writer_check_old(writer) : -EINVAL;
    }
    if (error != 0) {
        error = writer_refuse(writer, path, error);
        state_writer_close(writer);
        return error;
    }
    *out = writer;
    return 0;
}

/* Other processes may read the image that was committed. */
static void writer_let_go(struct state_writer *writer)
{
    if (writer->done >= 0) {
        close(writer->done);
    }
    writer->done = -1;
}

void state_writer_close(struct state_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    state_writer_abort(writer);
    writer_let_go(writer);
    pages_close(&writer->pages);
    place_close(&writer->place);
    free(writer);
}

const char *state_writer_path(const struct state_writer *writer)
{
    return writer->place.path;
}

/* A file of that name may be left of a process that died; the lock says whether one still writes. */
static int writer_open_file(struct state_writer *writer)
{
    writer->fd = place_create_locked(&writer->place, writer->place.saving);
    if (writer->fd < 0) {
        return writer->fd;
    }
    writer->created = true;
    return 0;
}

int state_writer_begin(struct state_writer *writer)
{
    state_writer_abort(writer);
    writer_let_go(writer);
    writer->header = (struct format_header){
        .magic = FORMAT_MAGIC,
        .version = FORMAT_VERSION,
        .page = FORMAT_PAGE,
        .chunk = FORMAT_CHUNK,
        .ram_offset = FORMAT_RAM_START,
    };
    int error = writer_open_file(writer);

    return error == 0 ? 0 : writer_fail(writer, writer->place.saving, error);
}

int state_writer_add(struct state_writer *writer, const char *tag, uint32_t instance,
                     uint32_t flags, const struct state_record *record)
{
    static const uint8_t padding[FORMAT_ALIGN];
    struct format_entry entry = {
        .instance = instance,
        .flags = flags,
        .sum = checksum_add(0, record->bytes, record->size),
        .offset = writer->bodies.size, /* from the first section on, until commit */
        .length = record->size,
    };

    memcpy(entry.tag, tag, FORMAT_TAG_SIZE);
    format_put_entry(&writer->table, &entry);
    state_put_bytes(&writer->bodies, record->bytes, record->size);
    state_put_bytes(&writer->bodies, padding, -record->size % FORMAT_ALIGN);
    writer->header.sections++;
    bool good = state_record_good(record) && state_record_good(&writer->table) &&
                state_record_good(&writer->bodies);
    return good ? 0 : writer_fail(writer, tag, -ENOMEM);
}

/* Now that the number of sections is known, so is where each begins. */
static int writer_place_sections(struct state_writer *writer, struct state_record *tail)
{
    struct state_record table = state_record_of(writer->table.bytes, writer->table.size);
    struct format_header *header = &writer->header;
    uint64_t first = header->table_offset + writer->table.size;

    for (uint32_t i = 0; i < header->sections; i++) {
        struct format_entry entry = format_get_entry(&table);

        entry.offset += first;
        format_put_entry(tail, &entry);
    }
    header->table_sum = checksum_add(0, tail->bytes, tail->size);
    state_put_bytes(tail, writer->bodies.bytes, writer->bodies.size);
    return state_record_good(tail) ? 0 : -ENOMEM;
}

static int writer_put_tail(struct state_writer *writer)
{
    struct format_header *header = &writer->header;
    struct state_record tail = {0};

    header->table_offset = header->ram_offset + header->ram_size;
    int error = writer_place_sections(writer, &tail);
    header->file_size = header->table_offset + tail.size;
    if (error == 0 && (header->sections > FORMAT_SECTIONS_MAX || tail.size > FORMAT_TAIL_MAX)) {
        error = -EFBIG;
    }
    if (error == 0) {
        error = writer_put(writer, tail.bytes, tail.size, header->table_offset);
    }
    /* RAM may end with zeros, and so may the tail: the file has its size in any case. */
    if (error == 0 && ftruncate(writer->fd, (off_t)header->file_size) != 0) {
        error = -errno;
    }
    state_record_free(&tail);
    return error;
}

static int writer_stamp_header(struct state_writer *writer)
{
    struct format_header *header = &writer->header;
    struct timespec now;

    if (getrandom(header->id, sizeof(header->id), 0) != (ssize_t)sizeof(header->id)) {
        return -EIO;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    header->written_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return 0;
}

int writer_finish(struct state_writer *writer, const uint8_t header[FORMAT_HEADER_SIZE])
{
    int error = writer_put(writer, header, FORMAT_HEADER_SIZE, 0);

    if (error == 0 && fsync(writer->fd) != 0) {
        error = -errno;
    }
    if (error != 0) {
        return writer_fail(writer, "write", error);
    }
    error = writer_check_old(writer);
    if (error == 0 || error == -EACCES) { /* see place_publish() */
        error = place_publish(&writer->place);
    }
    if (error != 0) {
        return writer_fail(writer, "replace the old file", error);
    }
    writer->created = false;
    writer->done = writer->fd;
    writer->fd = -1;
    state_writer_abort(writer);
    return 0;
}

int state_writer_commit(struct state_writer *writer)
{
    uint8_t header[FORMAT_HEADER_SIZE];
    int error = writer_put_tail(writer);

    if (error == 0) {
        error = writer_stamp_header(writer);
    }
    if (error != 0) {
        return writer_fail(writer, "write", error);
    }
    format_put_header(header, &writer->header);
    return writer_finish(writer, header);
}

void state_writer_abort(struct state_writer *writer)
{
    if (writer->created) {
        place_remove(&writer->place, writer->place.saving);
    }
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    writer->fd = -1;
    writer->created = false;
    state_record_free(&writer->table);
    state_record_free(&writer->bodies);
}
