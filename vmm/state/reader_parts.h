/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the reader share. */
#ifndef DORMOUSE_STATE_READER_PARTS_H
#define DORMOUSE_STATE_READER_PARTS_H

#include "state/format.h"
#include "state/place.h"
#include "state/reader.h"

struct state_reader {
    struct state_place place;
    int fd;
    uint64_t file_size;
    struct format_header header;
    uint8_t *tail;                /* the table and the sections, as in the file */
    struct format_entry *entries; /* header.sections of them */
    bool *known;                  /* of each entry: it was asked for */
    bool maps_ram;                /* there is a lease on the file for that */
};

/* Reports "image FILE: ...". Always -REPORTED. */
int reader_fail(const struct state_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads and checks header, table and sections. 0 or -REPORTED. */
int reader_check_file(struct state_reader *reader);
/*
 * The same in steps, for an image that does not come from a file: takes the header, where `file_size`
 * is what the file should have; makes room for the tail; judges the tail that is there. 0 or -REPORTED.
 */
int reader_take_header(struct state_reader *reader, const uint8_t bytes[FORMAT_HEADER_SIZE]);
size_t reader_tail_size(const struct state_reader *reader);
int reader_make_tail(struct state_reader *reader);
int reader_take_tail(struct state_reader *reader);

typedef int reader_chunk_fn(struct state_reader *reader, const struct format_chunk *chunk,
                            void *arg);
/* For each chunk that the image has, in order, until a result that is not 0, which is returned. */
int reader_each_chunk(struct state_reader *reader, reader_chunk_fn *call, void *arg);
/* Reads a chunk's pages to where they are in the chunk at `host`, and checks their sum. 0 or -REPORTED. */
int reader_read_chunk(const struct state_reader *reader, const struct format_chunk *chunk,
                      uint8_t *host);
/* Compares with the sum that the map has. 0 or -REPORTED. */
int reader_check_sum(const struct state_reader *reader, const struct format_chunk *chunk,
                     uint32_t sum);

/* Makes a reader without a file. `place` becomes the reader's, also after an error. 0 or -REPORTED. */
int reader_allocate(struct state_place *place, struct state_reader **out);

/* Checks the map of RAM. 0 or -REPORTED. */
int reader_check_map(struct state_reader *reader);

/* The index of a section, or header.sections if there is none. */
uint32_t reader_find(const struct state_reader *reader, const char *tag, uint32_t instance);
/* What is in it. */
struct state_record reader_contents(const struct state_reader *reader, uint32_t index);

#endif
