/* SPDX-License-Identifier: BSD-2-Clause */
#include "state/format.h"

#include <string.h>

#include "state/checksum.h"

void format_put_header(uint8_t bytes[FORMAT_HEADER_SIZE], const struct format_header *header)
{
    struct state_record record = {.bytes = bytes, .capacity = FORMAT_SUM_OFFSET};

    memset(bytes, 0, FORMAT_HEADER_SIZE);
    state_put_bytes(&record, header->magic, sizeof(header->magic));
    state_put_u32(&record, header->version);
    state_put_u32(&record, header->page);
    state_put_u32(&record, header->chunk);
    state_put_u32(&record, header->sections);
    state_put_u64(&record, header->file_size);
    state_put_u64(&record, header->table_offset);
    state_put_u64(&record, header->ram_base);
    state_put_u64(&record, header->ram_size);
    state_put_u64(&record, header->ram_offset);
    state_put_u64(&record, header->written_ns);
    state_put_bytes(&record, header->id, sizeof(header->id));
    state_put_u32(&record, header->table_sum);
    record = (struct state_record){.bytes = bytes + FORMAT_SUM_OFFSET, .capacity = 4};
    state_put_u32(&record, format_header_sum(bytes));
}

struct format_header format_get_header(const uint8_t bytes[FORMAT_HEADER_SIZE])
{
    struct state_record record = state_record_of(bytes, FORMAT_HEADER_SIZE);
    struct format_header header;

    state_get_bytes(&record, header.magic, sizeof(header.magic));
    header.version = state_get_u32(&record);
    header.page = state_get_u32(&record);
    header.chunk = state_get_u32(&record);
    header.sections = state_get_u32(&record);
    header.file_size = state_get_u64(&record);
    header.table_offset = state_get_u64(&record);
    header.ram_base = state_get_u64(&record);
    header.ram_size = state_get_u64(&record);
    header.ram_offset = state_get_u64(&record);
    header.written_ns = state_get_u64(&record);
    state_get_bytes(&record, header.id, sizeof(header.id));
    header.table_sum = state_get_u32(&record);
    return header;
}

uint32_t format_header_sum(const uint8_t bytes[FORMAT_HEADER_SIZE])
{
    return checksum_add(0, bytes, FORMAT_SUM_OFFSET);
}

uint32_t format_header_sum_found(const uint8_t bytes[FORMAT_HEADER_SIZE])
{
    struct state_record record = state_record_of(bytes + FORMAT_SUM_OFFSET, sizeof(uint32_t));

    return state_get_u32(&record);
}

void format_put_entry(struct state_record *record, const struct format_entry *entry)
{
    state_put_bytes(record, entry->tag, FORMAT_TAG_SIZE);
    state_put_u32(record, entry->instance);
    state_put_u32(record, entry->flags);
    state_put_u32(record, entry->sum);
    state_put_u64(record, entry->offset);
    state_put_u64(record, entry->length);
}

struct format_entry format_get_entry(struct state_record *record)
{
    struct format_entry entry = {.tag = ""};

    state_get_bytes(record, entry.tag, FORMAT_TAG_SIZE);
    entry.instance = state_get_u32(record);
    entry.flags = state_get_u32(record);
    entry.sum = state_get_u32(record);
    entry.offset = state_get_u64(record);
    entry.length = state_get_u64(record);
    return entry;
}

void format_put_chunk(struct state_record *record, const struct format_chunk *chunk)
{
    state_put_u32(record, chunk->index);
    state_put_u32(record, chunk->sum);
    state_put_bytes(record, chunk->pages, sizeof(chunk->pages));
}

struct format_chunk format_get_chunk(struct state_record *record)
{
    struct format_chunk chunk;

    chunk.index = state_get_u32(record);
    chunk.sum = state_get_u32(record);
    state_get_bytes(record, chunk.pages, sizeof(chunk.pages));
    return chunk;
}

unsigned format_next_run(const struct format_chunk *chunk, unsigned *page)
{
    unsigned first = *page;

    while (first < FORMAT_CHUNK_PAGES && !format_has_page(chunk, first)) {
        first++;
    }
    unsigned end = first;
    while (end < FORMAT_CHUNK_PAGES && format_has_page(chunk, end)) {
        end++;
    }
    *page = first;
    return end - first;
}

unsigned format_count_pages(const struct format_chunk *chunk)
{
    unsigned count = 0;

    for (size_t i = 0; i < sizeof(chunk->pages); i++) {
        count += (unsigned)__builtin_popcount(chunk->pages[i]);
    }
    return count;
}
