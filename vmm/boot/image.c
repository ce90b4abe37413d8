/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/image.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "boot/image_parts.h"
#include "boot/source.h"

#define MIB (UINT64_C(1) << 20)

/* Offsets in an Image, and in the PE file that an Image with an EFI stub is as well. */
enum {
    IMAGE_TEXT_OFFSET = 8,
    IMAGE_SIZE = 16,
    IMAGE_MAGIC = 56,
    IMAGE_PE_OFFSET = 60,
    PE_MACHINE = 4,
    PE_SECTION_COUNT = 6,
    PE_OPTIONAL_SIZE = 20,
    PE_HEADER_SIZE = 24,
    SECTION_RAW_SIZE = 16,
    SECTION_RAW_OFFSET = 20,
    SECTION_SIZE = 40,
    PE_MACHINE_ARM64 = 0xaa64,
};

/* Offsets in an EFI zboot file. */
enum {
    ZBOOT_MAGIC = 4,
    ZBOOT_PAYLOAD_OFFSET = 8,
    ZBOOT_PAYLOAD_SIZE = 12,
    ZBOOT_COMPRESSION = 24,
    ZBOOT_COMPRESSION_SIZE = 32,
};

/* Every known kernel has its header, PE header and section table in its first 512 bytes. */
enum { HEAD_SIZE = 4096 };

/* The offset of an Image that does not say its size (before Linux 3.17). */
#define OLD_TEXT_OFFSET UINT64_C(0x80000)

/* The first bytes of a file or of what is packed in it. */
struct head {
    uint8_t bytes[HEAD_SIZE];
    size_t size;
};

static uint32_t head_get16(const struct head *head, size_t offset)
{
    uint16_t value;

    memcpy(&value, head->bytes + offset, sizeof(value));
    return le16toh(value);
}

static uint32_t head_get32(const struct head *head, size_t offset)
{
    uint32_t value;

    memcpy(&value, head->bytes + offset, sizeof(value));
    return le32toh(value);
}

static uint64_t head_get64(const struct head *head, size_t offset)
{
    uint64_t value;

    memcpy(&value, head->bytes + offset, sizeof(value));
    return le64toh(value);
}

static bool head_has(const struct head *head, size_t offset, const char *magic)
{
    size_t length = strlen(magic);

    return offset + length <= head->size && memcmp(head->bytes + offset, magic, length) == 0;
}

static bool head_is_image(const struct head *head)
{
    return head->size >= IMAGE_HEADER_SIZE && head_has(head, IMAGE_MAGIC, "ARM\x64");
}

/* The end of the section table at `table`, or of the last section in it, whichever is greater. */
static uint64_t pe_sections_end(const struct head *head, size_t table, uint32_t section_count)
{
    uint64_t end = table;

    for (uint32_t i = 0; i < section_count; i++) {
        size_t section = table + (size_t)i * SECTION_SIZE;

        end = greater(end, section + SECTION_SIZE);
        if (section + SECTION_SIZE > head->size) {
            break;
        }
        end = greater(end, (uint64_t)head_get32(head, section + SECTION_RAW_OFFSET) +
                               head_get32(head, section + SECTION_RAW_SIZE));
    }
    return end;
}

/*
 * The least size of an Image by its PE header, or 0 if it is not a PE file. The head holds the whole
 * header, or the whole file if that is shorter.
 */
static uint64_t pe_least_size(const struct head *head)
{
    size_t pe = head_get32(head, IMAGE_PE_OFFSET);

    if (!head_has(head, 0, "MZ") || pe > HEAD_SIZE - PE_HEADER_SIZE) {
        return 0;
    }
    if (pe + PE_HEADER_SIZE > head->size) {
        return pe + PE_HEADER_SIZE;
    }
    if (!head_has(head, pe, "PE") || head_get16(head, pe + PE_MACHINE) != PE_MACHINE_ARM64) {
        return 0;
    }
    return pe_sections_end(head, pe + PE_HEADER_SIZE + head_get16(head, pe + PE_OPTIONAL_SIZE),
                           head_get16(head, pe + PE_SECTION_COUNT));
}

static int image_report_not_a_kernel(const struct image *image)
{
    report("%s: not an arm64 kernel image (Image, Image.gz or EFI zboot)", image->path);
    return -ENOEXEC;
}

/* Reads what is needed of an Image's header. */
static int image_read_header(struct image *image, const struct head *head)
{
    if (!head_is_image(head)) {
        return image_report_not_a_kernel(image);
    }
    image->image_size = head_get64(head, IMAGE_SIZE);
    /* Before 3.17 the text offset was in the byte order of the kernel. */
    image->text_offset =
        image->image_size != 0 ? head_get64(head, IMAGE_TEXT_OFFSET) : OLD_TEXT_OFFSET;
    image->least_size = pe_least_size(head);
    if (image->text_offset >= 2 * MIB) {
        report("%s: damaged: text offset 0x%" PRIx64 " is not below 2 MiB", image->path,
               image->text_offset);
        return -ENOEXEC;
    }
    return 0;
}

/* The header of a packed Image: unpacks just that. */
static int image_read_packed_header(struct image *image)
{
    struct head head;
    struct unpack_result result;

    image->unpack(&image->packed, head.bytes, sizeof(head.bytes), &result);
    head.size = (size_t)result.produced;
    /* image_unpack() reports errors further on. */
    if (head.size < IMAGE_HEADER_SIZE && result.status != UNPACK_DONE) {
        return image_report_unpack(image, &result);
    }
    return image_read_header(image, &head);
}

static int image_open_plain(struct image *image, const struct head *head)
{
    int error = image_read_header(image, head);

    if (error == 0 && image->file_size < image->least_size) {
        return image_report_truncated(image, image->file_size, image->least_size);
    }
    return error;
}

static bool head_is_gzip(const struct head *head)
{
    return head_has(head, 0, "\x1f\x8b");
}

static int image_open_gzip(struct image *image, const struct head *head)
{
    (void)head;
    image->packed = (struct unpack_input){.fd = image->fd, .size = image->file_size};
    image->unpack = unpack_gzip;
    image->packing = "gzip";
    return image_read_packed_header(image);
}

static bool head_is_zboot(const struct head *head)
{
    return head->size >= IMAGE_HEADER_SIZE && head_has(head, 0, "MZ") &&
           head_has(head, ZBOOT_MAGIC, "zimg");
}

/* The compressions of zboot by the names in its header: "zstd22" until Linux 6.13. */
static const struct packing {
    const char *zboot_name;
    const char *name;
    unpack_fn *unpack;
} packings[] = {
    {"gzip", "gzip", unpack_gzip},
    {"zstd", "zstd", unpack_zstd},
    {"zstd22", "zstd", unpack_zstd},
};

/* The compression's name, safe to print. */
static void zboot_compression(const struct head *head, char name[ZBOOT_COMPRESSION_SIZE + 1])
{
    memcpy(name, head->bytes + ZBOOT_COMPRESSION, ZBOOT_COMPRESSION_SIZE);
    name[ZBOOT_COMPRESSION_SIZE] = '\0';
    for (char *c = name; *c != '\0'; c++) {
        if (!isgraph((unsigned char)*c)) {
            *c = '?';
        }
    }
}

static int image_open_zboot(struct image *image, const struct head *head)
{
    char compression[ZBOOT_COMPRESSION_SIZE + 1];

    image->packed = (struct unpack_input){
        .fd = image->fd,
        .offset = head_get32(head, ZBOOT_PAYLOAD_OFFSET),
        .size = head_get32(head, ZBOOT_PAYLOAD_SIZE),
    };
    zboot_compression(head, compression);
    for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
        if (strcmp(compression, packings[i].zboot_name) == 0) {
            image->unpack = packings[i].unpack;
            image->packing = packings[i].name;
        }
    }
    if (image->unpack == NULL) {
        report("%s: kernel is compressed with %s, which dormouse cannot unpack; "
               "gzip and zstd work",
               image->path, compression[0] != '\0' ? compression : "an unnamed method");
        return -ENOEXEC;
    }
    if (image->packed.offset + image->packed.size > image->file_size) {
        return image_report_truncated(image, image->file_size,
                                      image->packed.offset + image->packed.size);
    }
    return image_read_packed_header(image);
}

static const struct format {
    bool (*matches)(const struct head *head);
    int (*open)(struct image *image, const struct head *head);
} formats[] = {
    {head_is_zboot, image_open_zboot},
    {head_is_image, image_open_plain},
    {head_is_gzip, image_open_gzip},
};

static int image_open_format(struct image *image)
{
    struct head head;
    int error = file_read(image->fd, 0, head.bytes, sizeof(head.bytes), &head.size);

    if (error != 0) {
        report("cannot read kernel image %s: %s", image->path, strerror(-error));
        return error;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (formats[i].matches(&head)) {
            return formats[i].open(image, &head);
        }
    }
    return image_report_not_a_kernel(image);
}

struct image *image_open(const char *path, uint64_t pipe_limit)
{
    struct image *image = calloc(1, sizeof(*image));

    if (image != NULL) {
        image->path = strdup(path);
    }
    if (image == NULL || image->path == NULL) {
        report("cannot open kernel image %s: %s", path, strerror(ENOMEM));
        free(image);
        return NULL;
    }
    image->fd = source_open(path, "kernel image", pipe_limit, &image->file_size);
    if (image->fd < 0 || image_open_format(image) != 0) {
        image_close(image);
        return NULL;
    }
    return image;
}

void image_close(struct image *image)
{
    if (image == NULL) {
        return;
    }
    if (image->fd >= 0) {
        close(image->fd);
    }
    image_drop_unpacked(image);
    free(image->path);
    free(image);
}
