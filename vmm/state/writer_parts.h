/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the writer share. */
#ifndef DORMOUSE_STATE_WRITER_PARTS_H
#define DORMOUSE_STATE_WRITER_PARTS_H

#include <stdbool.h>

#include "core/pages.h"
#include "state/format.h"
#include "state/place.h"
#include "state/record.h"
#include "state/writer.h"

struct state_writer {
    struct state_place place;
    struct pages pages;
    const char *option;
    int fd;   /* FILE.saving, from begin to commit or abort; otherwise negative */
    int done; /* the image, from commit on until it is read or the next one begins; else negative */
    bool created; /* FILE.saving is ours to remove */
    struct format_header header;
    struct state_record table;  /* a row for each section, with its offset in `bodies` */
    struct state_record bodies; /* the sections, one after the other */
};

/* Reports and aborts. Always -REPORTED. */
int writer_fail(struct state_writer *writer, const char *what, int error);
/* All of it, or -errno. */
int writer_put(struct state_writer *writer, const void *bytes, size_t size, uint64_t offset);
/* Writes the header, the last thing, and puts the image in the place of the old one. 0 or -REPORTED. */
int writer_finish(struct state_writer *writer, const uint8_t header[FORMAT_HEADER_SIZE]);

#endif
