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
};

/* Reports "image FILE: ...". Always -REPORTED. */
int reader_fail(const struct state_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads and checks header, table and sections. 0 or -REPORTED. */
int reader_check_file(struct state_reader *reader);
/* Checks the map of RAM. 0 or -REPORTED. */
int reader_check_map(struct state_reader *reader);

/* The index of a section, or header.sections if there is none. */
uint32_t reader_find(const struct state_reader *reader, const char *tag, uint32_t instance);
/* What is in it. */
struct state_record reader_contents(const struct state_reader *reader, uint32_t index);

#endif
