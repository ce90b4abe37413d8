/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel file, as image.c opens it, with image_pe.c and image_elf.c for two of the formats, and as image_load.c puts
 * it into guest memory.
 */
#ifndef DORMOUSE_BOOT_IMAGE_PARTS_H
#define DORMOUSE_BOOT_IMAGE_PARTS_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "boot/image.h"
#include "boot/unpack.h"

enum {
    IMAGE_HEADER_SIZE = 64, /* the smallest that an Image can be */
    HEAD_SIZE = 4096,       /* every known kernel has its PE header and section table in here */
};

/* The first bytes of a file, of a part of it, or of what is packed in it. */
struct head {
    uint8_t bytes[HEAD_SIZE];
    size_t size;
};

/* A piece of an ELF file. */
struct image_segment {
    uint64_t offset; /* in the file */
    uint64_t file_size;
    uint64_t address; /* physical; image_open_elf() subtracts the lowest one in the end */
    uint64_t memory_size;
    unsigned number; /* in the program header table */
};

struct image {
    char *path;
    int fd;
    uint64_t file_size;
    struct image_part kernel; /* where in the file it is: all of it, or a section of a UKI */
    struct image_part initrd; /* of a UKI; size 0: none */
    char *command_line;       /* of a UKI; NULL: none */
    bool raw;                 /* goes to this offset in memory */
    uint64_t raw_offset;
    /* A packed Image: its stream, and what unpacks it; NULL: the kernel is the Image itself. */
    struct unpack_input packed;
    unpack_fn *unpack;
    const char *packing; /* its name, as messages have it */
    uint8_t *unpacked;   /* by image_unpack(); NULL: not yet */
    uint64_t unpacked_size;
    uint64_t unpacked_room; /* bytes of address space at `unpacked` */
    /* An ELF file: its pieces in ascending order, at addresses relative to `elf_low`; NULL: it is another format. */
    struct image_segment *segments;
    unsigned segment_count;
    uint64_t elf_low;
    uint64_t elf_entry;  /* relative to elf_low */
    bool elf_with_image; /* there is the header of an Image at elf_low */
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

static inline uint16_t get_le16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof(value));
    return le16toh(value);
}

static inline uint32_t get_le32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return le32toh(value);
}

static inline uint64_t get_le64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return le64toh(value);
}

static inline bool head_has(const struct head *head, size_t offset, const char *magic)
{
    size_t length = strlen(magic);

    return offset + length <= head->size && memcmp(head->bytes + offset, magic, length) == 0;
}

/* image_head.c: an Image's header. */
bool head_is_image(const struct head *head);
/* Takes text offset and size from it. Returns 0, or -errno after report()ing. */
int image_take_header(struct image *image, const struct head *head);

/* Reads exactly `size` bytes of the file. Returns 0, or -errno after report()ing: unreadable, or truncated. */
int image_read(const struct image *image, uint64_t offset, void *buffer, size_t size);

/* image_report.c. Each report()s one line and returns -errno. */
int image_report_truncated(const struct image *image, uint64_t have, uint64_t want);
int image_report_unpack(const struct image *image, const struct unpack_result *result);
int image_report_unread(const struct image *image, int error);
int image_report_not_a_kernel(const struct image *image);

/* image_pe.c: the least size of an Image by its PE header, or 0 if it is not a PE file. */
uint64_t pe_least_size(const struct head *head);
/* Whether this may be a PE file: the signature need not be within the head. */
bool head_is_pe(const struct head *head);
/* Finds kernel, initrd and command line in a UKI. Returns 0, or -errno after report()ing. */
int image_find_sections(struct image *image, const struct head *head);

/* image_elf.c */
bool head_is_elf(const struct head *head);
/* Checks the header and all segments of an ELF file. Returns 0, or -errno after report()ing. */
int image_open_elf(struct image *image, const struct head *head);

/* image_load.c: gives back what image_unpack() took. */
void image_drop_unpacked(struct image *image);

#endif
