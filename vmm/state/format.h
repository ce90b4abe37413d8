/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of docs/image-format.md, and the header and the table as structures. */
#ifndef DORMOUSE_STATE_FORMAT_H
#define DORMOUSE_STATE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "state/record.h"

#define FORMAT_MAGIC     "DORMOUSE"
#define FORMAT_RAM_START (UINT64_C(1) << 20) /* where our writer puts RAM in the file */
#define FORMAT_RAM_MAX   (UINT64_C(1) << 48)
#define FORMAT_RAM_TAG   "RMAP"
#define FORMAT_HOT_TAG   "HOTC"

enum {
    FORMAT_VERSION = 1,
    FORMAT_PAGE = 4096,
    FORMAT_CHUNK = 1 << 20,
    FORMAT_CHUNK_PAGES = FORMAT_CHUNK / FORMAT_PAGE,
    FORMAT_HEADER_SIZE = 4096,
    FORMAT_SUM_OFFSET = FORMAT_HEADER_SIZE - 4, /* the header's own checksum is its end */
    FORMAT_ENTRY_SIZE = 32,
    FORMAT_SECTIONS_MAX = 16384,
    FORMAT_TAIL_MAX = 128 << 20, /* the table and all sections */
    FORMAT_ALIGN = 8,            /* of each section's start */
    FORMAT_TAG_SIZE = 4,
    FORMAT_ID_SIZE = 16,
    FORMAT_BITMAP_SIZE = FORMAT_CHUNK_PAGES / 8,
    FORMAT_CHUNK_ENTRY_SIZE = 8 + FORMAT_BITMAP_SIZE,
};

struct format_header {
    uint8_t magic[sizeof(FORMAT_MAGIC) - 1];
    uint32_t version;
    uint32_t page;
    uint32_t chunk;
    uint32_t sections;
    uint64_t file_size;
    uint64_t table_offset;
    uint64_t ram_base;
    uint64_t ram_size;
    uint64_t ram_offset;
    uint64_t written_ns; /* CLOCK_REALTIME */
    uint8_t id[FORMAT_ID_SIZE];
    uint32_t table_sum;
};

/* A row of the table. */
struct format_entry {
    char tag[FORMAT_TAG_SIZE + 1]; /* NUL-terminated here, not in the file */
    uint32_t instance;
    uint32_t flags;
    uint32_t sum;
    uint64_t offset; /* in the file */
    uint64_t length;
};

/* A row of the RAM map: which pages of a chunk the file has. */
struct format_chunk {
    uint32_t index;
    uint32_t sum;                      /* of these pages, in their order */
    uint8_t pages[FORMAT_BITMAP_SIZE]; /* page n: bit n % 8 of byte n / 8 */
};

void format_put_header(uint8_t bytes[FORMAT_HEADER_SIZE], const struct format_header *header);
/* Decodes and judges nothing. */
struct format_header format_get_header(const uint8_t bytes[FORMAT_HEADER_SIZE]);
/* The checksum that the header should have, and the one that it has. */
uint32_t format_header_sum(const uint8_t bytes[FORMAT_HEADER_SIZE]);
uint32_t format_header_sum_found(const uint8_t bytes[FORMAT_HEADER_SIZE]);

void format_put_entry(struct state_record *record, const struct format_entry *entry);
struct format_entry format_get_entry(struct state_record *record);

void format_put_chunk(struct state_record *record, const struct format_chunk *chunk);
struct format_chunk format_get_chunk(struct state_record *record);

static inline bool format_has_page(const struct format_chunk *chunk, unsigned page)
{
    return (chunk->pages[page / 8] >> page % 8 & 1) != 0;
}

/*
 * The next run of pages from `*page` on: moves `*page` to its first page and returns how many there
 * are; 0: there are no more.
 */
unsigned format_next_run(const struct format_chunk *chunk, unsigned *page);
unsigned format_count_pages(const struct format_chunk *chunk);

#endif
