/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the image of a VM: opened, read, loaded, and never more than an error line. The input is the image
 * without the hole in it: header, then RAM of at most 16 pages, then table and sections; checksums are mended in half of
 * the inputs, because others hardly ever get past them.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/memory.h"
#include "one_line.h"
#include "state/checksum.h"
#include "state/format.h"
#include "state/reader.h"

enum { LOAD_MAX = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t size_max);

/* Every section can be found and is within the file. */
static void read_sections(struct state_reader *reader, size_t size)
{
    struct state_facts facts = state_reader_facts(reader);

    check(facts.sections <= size / FORMAT_ENTRY_SIZE && facts.file_size == size);
    for (uint32_t i = 0; i < facts.sections; i++) {
        struct state_section section = state_reader_at(reader, i);
        struct state_record record;

        check(state_reader_section(reader, section.tag, section.instance, &record));
        check(record.size == section.length && record.size <= size);
        check(state_get_view(&record, record.size) != NULL || record.size == 0);
    }
    check(state_reader_check_known(reader) == 0);
}

/* Memory around what is loaded stays as it was: a guard is on both sides. */
static void load(struct state_reader *reader)
{
    uint64_t size = state_reader_ram_size(reader);
    struct memory memory;

    if (size == 0 || size > LOAD_MAX ||
        memory_create(&memory, state_reader_ram_base(reader), size) != 0) {
        return;
    }
    bool loaded = state_reader_load_ram(reader, &memory) == 0;
    check(loaded == (state_reader_check_ram(reader) == 0));
    memory_destroy(&memory);
}

/* One file for all inputs: to allocate its pages anew takes longer than to read most images. */
static const char *make_file(const uint8_t *bytes, size_t size)
{
    static char path[64];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("image", MFD_CLOEXEC);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    check(fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
    check(ftruncate(fd, (off_t)size) == 0);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct state_reader *reader;
    const char *path = make_file(bytes, size);

    if (state_reader_examine(path, &reader) == 0) {
        check(state_reader_ram_data(reader) <= state_reader_ram_size(reader));
        read_sections(reader, size);
        load(reader);
        state_reader_close(reader);
    }
    return 0;
}

/* --- Inputs that get past the checksums. --- */

static void put_number(uint8_t *bytes, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
}

/* Gives each section the sum that it should have, as far as sections are within the file. */
static void mend_sections(uint8_t *bytes, size_t size, const struct format_header *header)
{
    uint8_t *row = bytes + header->table_offset;

    for (uint32_t i = 0; i < header->sections; i++, row += FORMAT_ENTRY_SIZE) {
        struct state_record record = state_record_of(row, FORMAT_ENTRY_SIZE);
        struct format_entry entry = format_get_entry(&record);

        if (entry.offset <= size && entry.length <= size - entry.offset) {
            put_number(row + 12, checksum_add(0, bytes + entry.offset, (size_t)entry.length), 4);
        }
    }
}

static void mend(uint8_t *bytes, size_t size)
{
    struct format_header header = format_get_header(bytes);

    memcpy(header.magic, FORMAT_MAGIC, sizeof(header.magic));
    header.version = FORMAT_VERSION;
    header.page = FORMAT_PAGE;
    header.chunk = FORMAT_CHUNK;
    header.file_size = size;
    if (header.table_offset <= size &&
        header.sections <= (size - header.table_offset) / FORMAT_ENTRY_SIZE) {
        mend_sections(bytes, size, &header);
        header.table_sum = checksum_add(0, bytes + header.table_offset,
                                        (size_t)header.sections * FORMAT_ENTRY_SIZE);
    }
    format_put_header(bytes, &header);
}

/* A small image with two sections and a page of RAM, to begin with. */
static size_t make_image(uint8_t *bytes, size_t size_max)
{
    static uint8_t tail[4 * FORMAT_ENTRY_SIZE];
    struct state_record record = {.bytes = tail, .capacity = sizeof(tail)};
    struct format_header header = {
        .sections = 2,
        .table_offset = FORMAT_HEADER_SIZE + FORMAT_PAGE,
        .ram_base = UINT64_C(1) << 30,
        .ram_size = FORMAT_PAGE,
        .ram_offset = FORMAT_HEADER_SIZE,
    };
    uint64_t first = header.table_offset + 2 * FORMAT_ENTRY_SIZE;
    struct format_chunk chunk = {.pages = {1}};
    size_t size = (size_t)first + FORMAT_CHUNK_ENTRY_SIZE + 8;

    if (size > size_max) {
        return 0;
    }
    memset(bytes, 0, size);
    bytes[FORMAT_HEADER_SIZE] = 1;
    chunk.sum = checksum_add(0, bytes + FORMAT_HEADER_SIZE, FORMAT_PAGE);
    format_put_entry(&record, &(struct format_entry){FORMAT_RAM_TAG, 0, 1, 0, first, 40});
    format_put_entry(&record, &(struct format_entry){"TEST", 7, 0, 0, first + 40, 8});
    format_put_chunk(&record, &chunk);
    memcpy(bytes + header.table_offset, tail, record.size);
    format_put_header(bytes, &header);
    mend(bytes, size);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_max, unsigned seed)
{
    if (seed % 64 == 0) {
        return make_image(bytes, size_max);
    }
    size = LLVMFuzzerMutate(bytes, size, size_max);
    if (size >= FORMAT_HEADER_SIZE && seed % 4 != 1) {
        mend(bytes, size);
    }
    return size;
}
