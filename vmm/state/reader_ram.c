/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory in the file: each chunk's pages are read, in runs, and summed up. */
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "state/checksum.h"
#include "state/reader_parts.h"

/* Where a chunk of RAM is, for messages. */
static uint64_t chunk_address(const struct state_reader *reader, const struct format_chunk *chunk)
{
    return reader->header.ram_base + (uint64_t)chunk->index * FORMAT_CHUNK;
}

/* A chunk must come after the one before, and its pages be within RAM. */
static int chunk_check(const struct state_reader *reader, const struct format_chunk *chunk,
                       uint64_t *next)
{
    uint64_t start = (uint64_t)chunk->index * FORMAT_CHUNK;
    uint64_t end = 0;
    unsigned page = 0;

    for (unsigned count; (count = format_next_run(chunk, &page)) != 0; page += count) {
        end = start + (uint64_t)(page + count) * FORMAT_PAGE;
    }
    if (chunk->index < *next || end == 0 || end > reader->header.ram_size) {
        return reader_fail(reader,
                           "section " FORMAT_RAM_TAG ".0: chunk %" PRIu32
                           " is out of order, empty or beyond RAM",
                           chunk->index);
    }
    *next = (uint64_t)chunk->index + 1;
    return 0;
}

int reader_check_map(struct state_reader *reader)
{
    struct state_record map;
    uint64_t next = 0;

    if (!state_reader_section(reader, FORMAT_RAM_TAG, 0, &map)) {
        return reader->header.ram_size == 0
                   ? 0
                   : reader_fail(reader, "section " FORMAT_RAM_TAG ".0: it is missing");
    }
    if (map.size % FORMAT_CHUNK_ENTRY_SIZE != 0) {
        return reader_fail(reader,
                           "section " FORMAT_RAM_TAG ".0: its size, %zu, is no multiple of "
                           "%d",
                           map.size, FORMAT_CHUNK_ENTRY_SIZE);
    }
    while (state_record_left(&map) > 0) {
        struct format_chunk chunk = format_get_chunk(&map);
        int error = chunk_check(reader, &chunk, &next);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int reader_each_chunk(struct state_reader *reader, reader_chunk_fn *call, void *arg)
{
    struct state_record map = {0};
    int result = 0;

    (void)state_reader_section(reader, FORMAT_RAM_TAG, 0, &map);
    while (state_record_left(&map) > 0 && result == 0) {
        struct format_chunk chunk = format_get_chunk(&map);

        result = call(reader, &chunk, arg);
    }
    return result;
}

static int reader_count_chunk(struct state_reader *reader, const struct format_chunk *chunk,
                              void *arg)
{
    uint64_t *bytes = arg;

    (void)reader;
    *bytes += (uint64_t)format_count_pages(chunk) * FORMAT_PAGE;
    return 0;
}

uint64_t state_reader_ram_data(struct state_reader *reader)
{
    uint64_t bytes = 0;

    (void)reader_each_chunk(reader, reader_count_chunk, &bytes);
    return bytes;
}

int reader_check_sum(const struct state_reader *reader, const struct format_chunk *chunk,
                     uint32_t sum)
{
    return sum == chunk->sum
               ? 0
               : reader_fail(reader,
                             "RAM at 0x%" PRIx64 ": its checksum is wrong: the image is damaged",
                             chunk_address(reader, chunk));
}

int reader_read_chunk(const struct state_reader *reader, const struct format_chunk *chunk,
                      uint8_t *host)
{
    uint64_t start = reader->header.ram_offset + (uint64_t)chunk->index * FORMAT_CHUNK;
    uint32_t sum = 0;
    unsigned page = 0;

    for (unsigned run; (run = format_next_run(chunk, &page)) != 0; page += run) {
        size_t offset = (size_t)page * FORMAT_PAGE;
        size_t size = (size_t)run * FORMAT_PAGE;
        size_t count;
        int error = file_read(reader->fd, start + offset, host + offset, size, &count);

        if (error != 0 || count != size) {
            return reader_fail(reader, "RAM at 0x%" PRIx64 ", offset %" PRIu64 ": %s",
                               chunk_address(reader, chunk), start + offset,
                               error != 0 ? strerror(-error) : "the file was cut off");
        }
        sum = checksum_add(sum, host + offset, size);
    }
    return reader_check_sum(reader, chunk, sum);
}

static int reader_check_chunk(struct state_reader *reader, const struct format_chunk *chunk,
                              void *arg)
{
    return reader_read_chunk(reader, chunk, arg);
}

int state_reader_check_ram(struct state_reader *reader)
{
    static uint8_t bytes[FORMAT_CHUNK];

    return reader_each_chunk(reader, reader_check_chunk, bytes);
}
