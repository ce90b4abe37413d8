/* SPDX-License-Identifier: BSD-2-Clause */
/* Every rule of docs/image-format.md about header, table, sections and the map of RAM. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "state/checksum.h"
#include "state/reader_parts.h"

static int reader_read(const struct state_reader *reader, const char *what, uint64_t offset,
                       void *bytes, size_t size)
{
    size_t count;
    int error = file_read(reader->fd, offset, bytes, size, &count);

    if (error != 0) {
        return reader_fail(reader, "%s: cannot read it: %s", what, strerror(-error));
    }
    return count == size ? 0 : reader_fail(reader, "%s: the file ends within it", what);
}

/* In this order: a file of another version may have everything else in another place. */
static int header_check_kind(const struct state_reader *reader, const uint8_t *bytes)
{
    const struct format_header *header = &reader->header;
    uint8_t again[FORMAT_HEADER_SIZE];

    if (memcmp(header->magic, FORMAT_MAGIC, sizeof(header->magic)) != 0) {
        return reader_fail(reader,
                           "this is no image of a VM: it does not begin with " FORMAT_MAGIC);
    }
    if (header->version != FORMAT_VERSION) {
        return reader_fail(reader, "its format has version %" PRIu32 ", and this dormouse reads %d",
                           header->version, FORMAT_VERSION);
    }
    if (format_header_sum(bytes) != format_header_sum_found(bytes)) {
        return reader_fail(reader, "header: its checksum is wrong: the file is damaged");
    }
    format_put_header(again, header);
    if (memcmp(again, bytes, sizeof(again)) != 0) {
        return reader_fail(reader, "header: its reserved bytes are not zero");
    }
    if (header->page != FORMAT_PAGE || header->chunk != FORMAT_CHUNK) {
        return reader_fail(reader,
                           "header: pages of %" PRIu32 " and chunks of %" PRIu32
                           " bytes; version 1 has 4096 and 1048576",
                           header->page, header->chunk);
    }
    return 0;
}

static int header_check_ram(const struct state_reader *reader)
{
    const struct format_header *header = &reader->header;

    if (header->ram_size > FORMAT_RAM_MAX || header->ram_base > FORMAT_RAM_MAX) {
        return reader_fail(reader,
                           "header: RAM of %" PRIu64 " bytes at 0x%" PRIx64 " is too far up",
                           header->ram_size, header->ram_base);
    }
    if (header->ram_offset < FORMAT_HEADER_SIZE || header->ram_offset > FORMAT_RAM_MAX) {
        return reader_fail(reader, "header: RAM cannot be at offset %" PRIu64, header->ram_offset);
    }
    if ((header->ram_size | header->ram_base | header->ram_offset) % FORMAT_PAGE != 0) {
        return reader_fail(reader, "header: RAM is not aligned to pages");
    }
    return 0;
}

static int header_check_sizes(const struct state_reader *reader)
{
    const struct format_header *header = &reader->header;
    uint64_t ram_end = header->ram_offset + header->ram_size;

    if (header->file_size != reader->file_size) {
        return reader_fail(
            reader, "the file has %" PRIu64 " bytes, and should have %" PRIu64 ": %s",
            reader->file_size, header->file_size,
            reader->file_size < header->file_size ? "it was cut off" : "something was added");
    }
    if (header->table_offset < ram_end || header->table_offset > header->file_size ||
        header->table_offset % FORMAT_ALIGN != 0) {
        return reader_fail(reader, "header: the table of sections cannot be at offset %" PRIu64,
                           header->table_offset);
    }
    if (header->file_size - header->table_offset > FORMAT_TAIL_MAX) {
        return reader_fail(reader, "header: %" PRIu64 " bytes of sections are too many",
                           header->file_size - header->table_offset);
    }
    if (header->sections > FORMAT_SECTIONS_MAX ||
        header->sections > (header->file_size - header->table_offset) / FORMAT_ENTRY_SIZE) {
        return reader_fail(reader, "header: %" PRIu32 " sections are too many", header->sections);
    }
    return 0;
}

int reader_take_header(struct state_reader *reader, const uint8_t bytes[FORMAT_HEADER_SIZE])
{
    reader->header = format_get_header(bytes);
    int error = header_check_kind(reader, bytes);

    if (error == 0) {
        error = header_check_ram(reader);
    }
    return error == 0 ? header_check_sizes(reader) : error;
}

size_t reader_tail_size(const struct state_reader *reader)
{
    return (size_t)(reader->header.file_size - reader->header.table_offset);
}

int reader_make_tail(struct state_reader *reader)
{
    const struct format_header *header = &reader->header;

    reader->tail = malloc(reader_tail_size(reader) + 1);
    reader->entries = calloc(header->sections + 1, sizeof(reader->entries[0]));
    reader->known = calloc(header->sections + 1, sizeof(reader->known[0]));
    if (reader->tail == NULL || reader->entries == NULL || reader->known == NULL) {
        return reader_fail(reader, "out of memory");
    }
    return 0;
}

static bool tag_is_printable(const char *tag)
{
    for (size_t i = 0; i < FORMAT_TAG_SIZE; i++) {
        if (tag[i] <= ' ' || tag[i] > '~') {
            return false;
        }
    }
    return true;
}

/* What may be between two sections, and at the end of the file. */
static bool gap_is_good(const struct state_reader *reader, uint64_t from, uint64_t to)
{
    const uint8_t *gap = reader->tail + (from - reader->header.table_offset);

    for (uint64_t i = 0; i < to - from; i++) {
        if (i >= FORMAT_ALIGN - 1 || gap[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Sections come in the order of the table, so they cannot overlap. `*end`: where the last one ends. */
static int entry_check_place(const struct state_reader *reader, uint32_t index, uint64_t *end)
{
    const struct format_entry *entry = &reader->entries[index];

    if (!tag_is_printable(entry->tag)) {
        return reader_fail(reader, "section %" PRIu32 " of the table: its tag is no text", index);
    }
    if (entry->offset < *end || entry->offset % FORMAT_ALIGN != 0 ||
        entry->offset > reader->file_size || entry->length > reader->file_size - entry->offset) {
        return reader_fail(reader,
                           "section %s.%" PRIu32 ": %" PRIu64 " bytes at offset %" PRIu64
                           " do not fit into the file",
                           entry->tag, entry->instance, entry->length, entry->offset);
    }
    if (!gap_is_good(reader, *end, entry->offset)) {
        return reader_fail(reader,
                           "section %s.%" PRIu32 ": before it are %" PRIu64
                           " bytes that belong to nothing",
                           entry->tag, entry->instance, entry->offset - *end);
    }
    *end = entry->offset + entry->length;
    return 0;
}

static int entry_check(const struct state_reader *reader, uint32_t index)
{
    const struct format_entry *entry = &reader->entries[index];
    struct state_record contents = reader_contents(reader, index);

    if (checksum_add(0, contents.bytes, contents.size) != entry->sum) {
        return reader_fail(reader,
                           "section %s.%" PRIu32 ", offset %" PRIu64
                           ": its checksum is wrong: the file is damaged",
                           entry->tag, entry->instance, entry->offset);
    }
    if (reader_find(reader, entry->tag, entry->instance) != index) {
        return reader_fail(reader, "section %s.%" PRIu32 ": it is there twice", entry->tag,
                           entry->instance);
    }
    return 0;
}

static int reader_check_sections(struct state_reader *reader)
{
    const struct format_header *header = &reader->header;
    size_t size = (size_t)header->sections * FORMAT_ENTRY_SIZE;
    struct state_record table = state_record_of(reader->tail, size);
    uint64_t end = header->table_offset + size;

    if (checksum_add(0, reader->tail, size) != header->table_sum) {
        return reader_fail(reader,
                           "table of sections, offset %" PRIu64
                           ": its checksum is wrong: the file is damaged",
                           header->table_offset);
    }
    for (uint32_t i = 0; i < header->sections; i++) {
        reader->entries[i] = format_get_entry(&table);
    }
    for (uint32_t i = 0; i < header->sections; i++) {
        int error = entry_check_place(reader, i, &end);

        if (error == 0) {
            error = entry_check(reader, i);
        }
        if (error != 0) {
            return error;
        }
    }
    return gap_is_good(reader, end, header->file_size)
               ? 0
               : reader_fail(reader,
                             "after the last section are %" PRIu64 " bytes that belong to nothing",
                             header->file_size - end);
}

int reader_take_tail(struct state_reader *reader)
{
    int error = reader_check_sections(reader);

    return error == 0 ? reader_check_map(reader) : error;
}

int reader_check_file(struct state_reader *reader)
{
    uint8_t bytes[FORMAT_HEADER_SIZE];
    int error = reader_read(reader, "header", 0, bytes, sizeof(bytes));

    if (error == 0) {
        error = reader_take_header(reader, bytes);
    }
    if (error == 0) {
        error = reader_make_tail(reader);
    }
    if (error == 0) {
        error = reader_read(reader, "sections", reader->header.table_offset, reader->tail,
                            reader_tail_size(reader));
    }
    return error == 0 ? reader_take_tail(reader) : error;
}
