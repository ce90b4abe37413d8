/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel file, as image.c opens it and image_load.c puts it into guest memory. */
#ifndef DORMOUSE_BOOT_IMAGE_PARTS_H
#define DORMOUSE_BOOT_IMAGE_PARTS_H

#include <stdint.h>

#include "boot/image.h"
#include "boot/unpack.h"

/* The smallest that an Image can be: its header. */
enum { IMAGE_HEADER_SIZE = 64 };

struct image {
    char *path;
    int fd;
    uint64_t file_size;
    /* A packed Image: its stream, and what unpacks it; NULL: the file is the Image itself. */
    struct unpack_input packed;
    unpack_fn *unpack;
    const char *packing; /* its name, as messages have it */
    uint8_t *unpacked;   /* by image_unpack(); NULL: not yet */
    uint64_t unpacked_size;
    uint64_t unpacked_room; /* bytes of address space at `unpacked` */
    /* From the Image's header. */
    uint64_t text_offset;
    uint64_t image_size; /* in memory; 0: not known */
    uint64_t least_size; /* of a file with all its sections; 0: not known */
};

static inline uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* image_report.c. Each report()s one line and returns -errno. */
int image_report_truncated(const struct image *image, uint64_t have, uint64_t want);
int image_report_unpack(const struct image *image, const struct unpack_result *result);

/* image_load.c: gives back what image_unpack() took. */
void image_drop_unpacked(struct image *image);

#endif
