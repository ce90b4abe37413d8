/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory comes from the image: it is read, or mapped and read when the guest needs it. Only whole runs of pages that
 * the image has are mapped: between them memory is as it was made, whatever the file has there.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/notify.h"
#include "base/report.h"
#include "core/backing.h"
#include "core/lease.h"
#include "core/memory.h"
#include "state/hot.h"
#include "state/reader_parts.h"

/*
 * Less is read, checked and in huge pages at once. It adds half to the fixed cost of a restore, which stays below a
 * tenth of QEMU's (docs/performance.md).
 */
#define LAZY_MIN (UINT64_C(8) << 20)

/* A chunk in shorter runs, on average, is read: each run would be a mapping. */
enum { LAZY_RUN_MIN = 16 };

static bool lazy_suits(const struct format_chunk *chunk)
{
    unsigned runs = 0;
    unsigned page = 0;

    for (unsigned count; (count = format_next_run(chunk, &page)) != 0; page += count) {
        runs++;
    }
    return format_count_pages(chunk) >= LAZY_RUN_MIN * runs;
}

static int lazy_count_chunk(struct state_reader *reader, const struct format_chunk *chunk,
                            void *arg)
{
    uint64_t *bytes = arg;

    (void)reader;
    *bytes += lazy_suits(chunk) ? (uint64_t)format_count_pages(chunk) * FORMAT_PAGE : 0;
    return 0;
}

static bool lazy_pays(struct state_reader *reader)
{
    struct state_record hot;
    uint64_t bytes = 0;
    uint64_t read_ahead = 0;

    (void)reader_each_chunk(reader, lazy_count_chunk, &bytes);
    if (state_reader_section(reader, FORMAT_HOT_TAG, 0, &hot)) {
        read_ahead = state_record_left(&hot) / sizeof(uint32_t) * FORMAT_CHUNK;
    }
    return bytes >= LAZY_MIN + read_ahead;
}

/* From now on the file stays as long as it was when it was checked. */
static int lazy_begin_lease(const struct state_reader *reader)
{
    struct stat status;
    int error = lease_begin(reader->fd);

    if (error != 0) {
        return error;
    }
    if (fstat(reader->fd, &status) != 0 || (uint64_t)status.st_size != reader->file_size) {
        (void)lease_end(reader->fd);
        return -ESTALE;
    }
    return 0;
}

static const char *lazy_refusal(int error)
{
    switch (error) {
    case -EACCES:
        return "the file is another user's";
    case -EAGAIN:
        return "it is open for writing";
    case -EINVAL:
        return "its file system has no leases";
    default:
        return strerror(-error);
    }
}

void state_reader_plan_ram(struct state_reader *reader, enum state_ram way)
{
    if (way == STATE_RAM_EAGER || (way == STATE_RAM_AUTO && !lazy_pays(reader))) {
        return;
    }
    int error = lazy_begin_lease(reader);
    reader->maps_ram = error == 0;
    if (error != 0 && way == STATE_RAM_LAZY) {
        report("image %s: all of its memory is read before the guest runs, because there is no "
               "lease on it: %s",
               reader->place.path, lazy_refusal(error));
    }
}

static bool lazy_can_read_instead(int error)
{
    return error == -EINVAL || error == -ENOSPC || error == -ENODEV;
}

static int load_chunk(struct state_reader *reader, const struct format_chunk *chunk, void *arg)
{
    const struct memory *memory = arg;

    notify_progress();
    return reader_read_chunk(reader, chunk, memory->host + (uint64_t)chunk->index * FORMAT_CHUNK);
}

static int lazy_take_chunk(struct state_reader *reader, const struct format_chunk *chunk, void *arg)
{
    struct memory *memory = arg;
    uint64_t start = (uint64_t)chunk->index * FORMAT_CHUNK;
    unsigned page = 0;

    if (!lazy_suits(chunk) || backing_is_hot(memory->backing, chunk->index)) {
        return load_chunk(reader, chunk, memory);
    }
    for (unsigned run; (run = format_next_run(chunk, &page)) != 0; page += run) {
        uint64_t offset = start + (uint64_t)page * FORMAT_PAGE;
        int error = memory_map_image(memory, offset, (uint64_t)run * FORMAT_PAGE,
                                     reader->header.ram_offset + offset);

        if (lazy_can_read_instead(error)) {
            return load_chunk(reader, chunk, memory);
        }
        if (error != 0) {
            return reader_fail(reader, "cannot map its memory: %s", strerror(-error));
        }
    }
    return 0;
}

/* Whether RAM is to be mapped; if so, `memory` is ready for that. */
static bool load_is_lazy(struct state_reader *reader, struct memory *memory)
{
    if (!reader->maps_ram) {
        return false;
    }
    /* Whatever changes the file has come to it before the guest. */
    if (!lease_is_quiet(reader->fd) ||
        memory_begin_image(memory, reader->fd, reader->place.path) != 0) {
        reader->maps_ram = false;
        (void)lease_end(reader->fd);
        return false;
    }
    return true;
}

static int load_lazily(struct state_reader *reader, struct memory *memory)
{
    hot_get(reader, memory);
    return reader_each_chunk(reader, lazy_take_chunk, memory);
}

int state_reader_load_ram(struct state_reader *reader, struct memory *memory)
{
    const struct format_header *header = &reader->header;

    if (memory->base.value != header->ram_base || memory->size != header->ram_size) {
        return reader_fail(reader,
                           "it has %" PRIu64 " MiB of RAM at 0x%" PRIx64
                           ", and this VM is to have %" PRIu64 " at 0x%" PRIx64,
                           header->ram_size >> 20, header->ram_base, memory->size >> 20,
                           memory->base.value);
    }
    return !memory->shared && load_is_lazy(reader, memory)
               ? load_lazily(reader, memory)
               : reader_each_chunk(reader, load_chunk, memory);
}
