/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory: each chunk is looked at once, for zeros and for its checksum, and written in runs. */
#include <errno.h>
#include <string.h>

#include "base/notify.h"
#include "core/memory.h"
#include "state/checksum.h"
#include "state/hot.h"
#include "state/writer_parts.h"

static bool page_is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, FORMAT_PAGE - 1) == 0;
}

/* Leaves pages out that are zero, and sums the others up. */
static void chunk_look(struct format_chunk *chunk, const uint8_t *host)
{
    for (unsigned page = 0; page < FORMAT_CHUNK_PAGES; page++) {
        const uint8_t *bytes = host + (size_t)page * FORMAT_PAGE;

        if (!format_has_page(chunk, page)) {
            continue;
        }
        if (page_is_zero(bytes)) {
            chunk->pages[page / 8] &= (uint8_t)~(1 << page % 8);
        } else {
            chunk->sum = checksum_add(chunk->sum, bytes, FORMAT_PAGE);
        }
    }
}

static int chunk_put(struct state_writer *writer, const struct format_chunk *chunk,
                     const uint8_t *host)
{
    uint64_t start = writer->header.ram_offset + (uint64_t)chunk->index * FORMAT_CHUNK;
    unsigned page = 0;

    for (unsigned count; (count = format_next_run(chunk, &page)) != 0; page += count) {
        size_t offset = (size_t)page * FORMAT_PAGE;
        int error = writer_put(writer, host + offset, (size_t)count * FORMAT_PAGE, start + offset);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int ram_put(struct state_writer *writer, const struct memory *memory,
                   struct state_record *map)
{
    for (uint64_t at = 0; at < memory->size; at += FORMAT_CHUNK) {
        uint64_t rest = memory->size - at;
        struct format_chunk chunk = {.index = (uint32_t)(at / FORMAT_CHUNK)};

        notify_progress();
        pages_find(&writer->pages, memory, at, rest < FORMAT_CHUNK ? rest : FORMAT_CHUNK,
                   chunk.pages);
        chunk_look(&chunk, memory->host + at);
        if (format_count_pages(&chunk) == 0) {
            continue;
        }
        format_put_chunk(map, &chunk);
        int error = chunk_put(writer, &chunk, memory->host + at);
        if (error != 0) {
            return error;
        }
    }
    return state_record_good(map) ? 0 : -ENOMEM;
}

/* What was read is the guest's memory only if no process has changed the image that it is mapped from. */
static int ram_check_image(struct state_writer *writer, struct memory *memory)
{
    int error = memory_settle_image(memory);

    return error == 0 ? 0
                      : writer_fail(writer, "an image that has the VM's memory was changed",
                                    error == -EAGAIN ? -ESTALE : error);
}

/* The next restore reads these chunks first. */
static int ram_add_hot(struct state_writer *writer, const struct memory *memory)
{
    struct state_record hot = {0};
    int error = 0;

    hot_put(&hot, memory);
    if (hot.size != 0) {
        error = state_writer_add(writer, FORMAT_HOT_TAG, 0, 0, &hot);
    }
    state_record_free(&hot);
    return error;
}

int state_writer_add_ram(struct state_writer *writer, struct memory *memory)
{
    struct state_record map = {0};

    writer->header.ram_base = memory->base.value;
    writer->header.ram_size = memory->size;
    hot_learn(&writer->pages, memory);
    int error = ram_put(writer, memory, &map);
    error = error == 0 ? state_writer_add(writer, FORMAT_RAM_TAG, 0, STATE_MANDATORY, &map)
                       : writer_fail(writer, "write", error);
    state_record_free(&map);
    if (error == 0) {
        error = ram_check_image(writer, memory);
    }
    return error == 0 ? ram_add_hot(writer, memory) : error;
}
