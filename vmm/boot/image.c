/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/image.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "boot/image_parts.h"
#include "boot/source.h"

/* Offsets in an EFI zboot file. */
enum {
    ZBOOT_MAGIC = 4,
    ZBOOT_PAYLOAD_OFFSET = 8,
    ZBOOT_PAYLOAD_SIZE = 12,
    ZBOOT_COMPRESSION = 24,
    ZBOOT_COMPRESSION_SIZE = 32,
};

/* Reads what is needed of an Image's header. */
static int image_read_header(struct image *image, const struct head *head)
{
    if (!head_is_image(head)) {
        return image_report_not_a_kernel(image);
    }
    image->least_size = pe_least_size(head);
    return image_take_header(image, head);
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

    if (error == 0 && image->kernel.size < image->least_size) {
        return image_report_truncated(image, image->kernel.size, image->least_size);
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
    image->packed = (struct unpack_input){
        .fd = image->fd, .offset = image->kernel.offset, .size = image->kernel.size};
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
        .offset = image->kernel.offset + get_le32(head->bytes + ZBOOT_PAYLOAD_OFFSET),
        .size = get_le32(head->bytes + ZBOOT_PAYLOAD_SIZE),
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
    uint64_t end = image->packed.offset + image->packed.size - image->kernel.offset;
    if (end > image->kernel.size) {
        return image_report_truncated(image, image->kernel.size, end);
    }
    return image_read_packed_header(image);
}

struct format {
    bool (*matches)(const struct head *head);
    int (*open)(struct image *image, const struct head *head);
};

/* What a UKI may have in its section .linux: an Image and a zboot file are EFI programs, which its stub can start. */
static const struct format efi_formats[] = {
    {head_is_zboot, image_open_zboot},
    {head_is_image, image_open_plain},
    {NULL, NULL},
};

/* Opens the kernel, which is in a part of the file that is known. */
static int image_open_part(struct image *image, const struct format *formats)
{
    struct head head;
    size_t size = (size_t)lesser(image->kernel.size, sizeof(head.bytes));
    int error = file_read(image->fd, image->kernel.offset, head.bytes, size, &head.size);

    if (error != 0) {
        return image_report_unread(image, error);
    }
    for (; formats->matches != NULL; formats++) {
        if (formats->matches(&head)) {
            return formats->open(image, &head);
        }
    }
    return image_report_not_a_kernel(image);
}

static int image_open_uki(struct image *image, const struct head *head)
{
    int error = image_find_sections(image, head);

    return error != 0 ? error : image_open_part(image, efi_formats);
}

static const struct format all_formats[] = {
    {head_is_zboot, image_open_zboot}, {head_is_image, image_open_plain},
    {head_is_pe, image_open_uki},      {head_is_elf, image_open_elf},
    {head_is_gzip, image_open_gzip},   {NULL, NULL},
};

/* Opens the file, whatever is in it. Returns NULL after report()ing. */
static struct image *image_open_file(const char *path, uint64_t pipe_limit)
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
    image->kernel.size = image->file_size;
    if (image->fd < 0) {
        image_close(image);
        return NULL;
    }
    return image;
}

struct image *image_open(const char *path, uint64_t pipe_limit)
{
    struct image *image = image_open_file(path, pipe_limit);

    if (image != NULL && image_open_part(image, all_formats) != 0) {
        image_close(image);
        return NULL;
    }
    return image;
}

struct image *image_open_raw(const char *path, uint64_t pipe_limit, uint64_t offset)
{
    struct image *image = image_open_file(path, pipe_limit);

    if (image == NULL) {
        return NULL;
    }
    if (image->file_size == 0) {
        report("kernel image %s is empty", path);
        image_close(image);
        return NULL;
    }
    image->raw = true;
    image->raw_offset = offset;
    image->image_size = image->file_size;
    return image;
}

struct image_part image_initrd(const struct image *image, int *fd)
{
    *fd = image->fd;
    return image->initrd;
}

const char *image_command_line(const struct image *image)
{
    return image->command_line;
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
    free(image->segments);
    free(image->command_line);
    free(image->path);
    free(image);
}
