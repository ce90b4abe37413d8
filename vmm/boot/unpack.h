/* SPDX-License-Identifier: BSD-2-Clause */
/* Unpacks streams of compressed data from a file into memory. */
#ifndef DORMOUSE_BOOT_UNPACK_H
#define DORMOUSE_BOOT_UNPACK_H

#include <stdint.h>

/* The part of a file that holds the stream. It may continue after the stream's end. */
struct unpack_input {
    int fd;
    uint64_t offset;
    uint64_t size;
};

enum unpack_status {
    UNPACK_DONE,      /* the stream is complete, its checksum right */
    UNPACK_FULL,      /* the output is full and there is more to come */
    UNPACK_TRUNCATED, /* the input ends inside the stream */
    UNPACK_DAMAGED,   /* the data is not such a stream, or is corrupt */
    UNPACK_FAILED,    /* the host failed: no memory, or the file cannot be read */
};

struct unpack_result {
    enum unpack_status status;
    uint64_t produced; /* bytes of output; all of them are valid unless DAMAGED */
    char reason[80];   /* DAMAGED and FAILED: what the library or the host said */
};

/* Unpacks one stream. Never writes beyond `capacity` bytes of `output`. */
typedef void unpack_fn(const struct unpack_input *input, uint8_t *output, uint64_t capacity,
                       struct unpack_result *result);

unpack_fn unpack_gzip;
unpack_fn unpack_zstd;

#endif
