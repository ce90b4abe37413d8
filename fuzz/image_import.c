/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the stream of `dormouse image import`. The first byte of the input says in which pieces it comes, and
 * whether the rest is the stream itself or what it unpacks to: header, table and sections, pages of RAM. A stream that is
 * refused costs one line and leaves nothing; one that is taken is an image whose export unpacks to the same bytes.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/report.h"
#include "one_line.h"
#include "state/checksum.h"
#include "state/format.h"
#include "state/reader.h"
#include "state/stream.h"

enum {
    SIZE_MAX_HERE = 64 << 10,
    IN = 1 << 24, /* descriptors that are not the kernel's */
    OUT,
    RAW = 1, /* of the first byte: the stream itself; */
    NO_SUM = 2,
    CUT = 4,
    MORE = 8,
    PIECE_SHIFT = 4,
};

static struct {
    char folder[64];
    char path[80];
    char saving[96];
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    uint8_t in[2 * SIZE_MAX_HERE];
    size_t in_size;
    size_t in_at;
    size_t piece;
    uint8_t out[2 * SIZE_MAX_HERE];
    size_t out_size;
} run;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t size_max);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    if (fd != IN) {
        return __real_read(fd, bytes, size);
    }
    size_t left = run.in_size - run.in_at;
    size = size < run.piece ? size : run.piece;
    size = size < left ? size : left;
    memcpy(bytes, run.in + run.in_at, size);
    run.in_at += size;
    return (ssize_t)size;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    if (fd != OUT) {
        return __real_write(fd, bytes, size);
    }
    check(size <= sizeof(run.out) - run.out_size);
    memcpy(run.out + run.out_size, bytes, size);
    run.out_size += size;
    return (ssize_t)size;
}

static void remove_folder(void)
{
    (void)rmdir(run.folder);
}

static void begin(void)
{
    if (run.pack == NULL) {
        run.pack = ZSTD_createCCtx();
        run.unpack = ZSTD_createDCtx();
        (void)snprintf(run.folder, sizeof(run.folder), "/dev/shm/fuzz_import.%d", (int)getpid());
        (void)snprintf(run.path, sizeof(run.path), "%s/vm", run.folder);
        (void)snprintf(run.saving, sizeof(run.saving), "%s.saving", run.path);
        check(run.pack != NULL && run.unpack != NULL && mkdir(run.folder, 0700) == 0);
        check(atexit(remove_folder) == 0);
    }
    one_line_count = 0;
    run.in_at = run.in_size = run.out_size = 0;
}

/* What the stream is, of which the last bytes may be missing, or which may go on. */
static void make_stream(uint8_t how, const uint8_t *bytes, size_t size)
{
    if ((how & RAW) != 0) {
        memcpy(run.in, bytes, size);
        run.in_size = size;
    } else {
        (void)ZSTD_CCtx_setParameter(run.pack, ZSTD_c_compressionLevel, 1);
        (void)ZSTD_CCtx_setParameter(run.pack, ZSTD_c_checksumFlag, (how & NO_SUM) == 0);
        run.in_size = ZSTD_compress2(run.pack, run.in, sizeof(run.in), bytes, size);
        check(!ZSTD_isError(run.in_size));
    }
    if ((how & CUT) != 0 && run.in_size > 0) {
        run.in_size--;
    }
    if ((how & MORE) != 0) {
        run.in[run.in_size++] = how;
    }
    run.piece = how >> PIECE_SHIFT == 0 ? sizeof(run.in) : (size_t)1 << (how >> PIECE_SHIFT);
}

/* The image is whole, and a stream of it is what it was made from. */
static void check_image(uint8_t how, const uint8_t *bytes, size_t size)
{
    static uint8_t again[SIZE_MAX_HERE];
    struct state_reader *reader;

    check(state_reader_examine(run.path, &reader) == 0 && state_reader_check_ram(reader) == 0);
    state_reader_close(reader);
    check(stream_export(run.path, OUT) == 0 && one_line_count == 0);
    if ((how & RAW) == 0) {
        size_t length =
            ZSTD_decompressDCtx(run.unpack, again, sizeof(again), run.out, run.out_size);

        check(length == size && memcmp(again, bytes, size) == 0);
    }
    check(unlink(run.path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct stat status;

    if (size == 0 || size > SIZE_MAX_HERE) {
        return 0;
    }
    begin();
    make_stream(bytes[0], bytes + 1, size - 1);
    int error = stream_import(run.path, IN, -1);
    if (error == 0) {
        check(one_line_count == 0 && (bytes[0] & MORE) == 0 && (bytes[0] & (RAW | CUT)) != CUT);
        check_image(bytes[0], bytes + 1, size - 1);
    } else {
        check(error == -REPORTED && one_line_count == 1);
        check(stat(run.path, &status) != 0);
    }
    check(stat(run.saving, &status) != 0);
    return 0;
}

/* --- Inputs that get past the checksums. --- */

static void put_number(uint8_t *bytes, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number >> 8 * i);
    }
}

/* The pages follow the tail, chunk after chunk. */
static void mend_map(uint8_t *map, size_t length, const uint8_t *pages, size_t left)
{
    for (; length >= FORMAT_CHUNK_ENTRY_SIZE; length -= FORMAT_CHUNK_ENTRY_SIZE) {
        struct state_record record = state_record_of(map, FORMAT_CHUNK_ENTRY_SIZE);
        struct format_chunk chunk = format_get_chunk(&record);
        size_t size = (size_t)format_count_pages(&chunk) * FORMAT_PAGE;

        if (size > left) {
            return;
        }
        put_number(map + 4, checksum_add(0, pages, size), 4);
        pages += size;
        left -= size;
        map += FORMAT_CHUNK_ENTRY_SIZE;
    }
}

/* `tail` is the table, and `size` what comes from there on. */
static void mend_tail(uint8_t *tail, size_t size, struct format_header *header)
{
    size_t tail_size = (size_t)(header->file_size - header->table_offset);

    for (uint32_t i = 0; i < header->sections; i++) {
        uint8_t *row = tail + (size_t)i * FORMAT_ENTRY_SIZE;
        struct state_record record = state_record_of(row, FORMAT_ENTRY_SIZE);
        struct format_entry entry = format_get_entry(&record);
        uint64_t at = entry.offset - header->table_offset;

        if (at > tail_size || entry.length > tail_size - at) {
            continue;
        }
        if (strcmp(entry.tag, FORMAT_RAM_TAG) == 0) {
            mend_map(tail + at, entry.length, tail + tail_size, size - tail_size);
        }
        put_number(row + 12, checksum_add(0, tail + at, (size_t)entry.length), 4);
    }
    header->table_sum = checksum_add(0, tail, (size_t)header->sections * FORMAT_ENTRY_SIZE);
}

static void mend(uint8_t *bytes, size_t size)
{
    struct format_header header = format_get_header(bytes);
    size_t rest = size - FORMAT_HEADER_SIZE;

    memcpy(header.magic, FORMAT_MAGIC, sizeof(header.magic));
    header.version = FORMAT_VERSION;
    header.page = FORMAT_PAGE;
    header.chunk = FORMAT_CHUNK;
    if (header.file_size - header.table_offset > rest) {
        header.file_size = header.table_offset + rest;
    }
    if (header.sections <= (header.file_size - header.table_offset) / FORMAT_ENTRY_SIZE) {
        mend_tail(bytes + FORMAT_HEADER_SIZE, rest, &header);
    }
    format_put_header(bytes, &header);
}

/* Two sections and a page of RAM, to begin with. */
static size_t make_image(uint8_t *bytes, size_t size_max)
{
    static uint8_t tail[3 * FORMAT_ENTRY_SIZE + FORMAT_CHUNK_ENTRY_SIZE];
    struct state_record record = {.bytes = tail, .capacity = sizeof(tail)};
    struct format_header header = {
        .sections = 2,
        .table_offset = FORMAT_RAM_START + 2 * FORMAT_PAGE,
        .ram_base = UINT64_C(1) << 30,
        .ram_size = 2 * FORMAT_PAGE,
        .ram_offset = FORMAT_RAM_START,
    };
    uint64_t first = header.table_offset + 2 * FORMAT_ENTRY_SIZE;
    const struct format_chunk chunk = {.pages = {2}};

    format_put_entry(&record, &(struct format_entry){FORMAT_RAM_TAG, 0, 1, 0, first, 40});
    format_put_entry(&record, &(struct format_entry){"TEST", 7, 0, 0, first + 40, 8});
    format_put_chunk(&record, &chunk);
    state_put_u64(&record, 7);
    header.file_size = header.table_offset + record.size;
    size_t size = FORMAT_HEADER_SIZE + record.size + FORMAT_PAGE;
    if (size > size_max) {
        return 0;
    }
    memset(bytes, 1, size);
    memcpy(bytes + FORMAT_HEADER_SIZE, tail, record.size);
    format_put_header(bytes, &header);
    mend(bytes, size);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_max, unsigned seed)
{
    if (seed % 64 == 0 && size_max > 1) {
        bytes[0] = (uint8_t)(seed >> 8 & 0xf0);
        return 1 + make_image(bytes + 1, size_max - 1);
    }
    size = LLVMFuzzerMutate(bytes, size, size_max);
    if (size > FORMAT_HEADER_SIZE && seed % 4 != 1) {
        mend(bytes + 1, size - 1);
    }
    return size;
}
