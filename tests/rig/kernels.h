/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel files in all formats, which the tests create. */
#ifndef DORMOUSE_TESTS_KERNELS_H
#define DORMOUSE_TESTS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes from malloc(). */
struct blob {
    uint8_t *bytes;
    size_t size;
};

void blob_free(struct blob *blob);
void blob_write(const struct blob *blob, const char *name);

void put16(uint8_t *at, uint16_t value);
void put32(uint8_t *at, uint32_t value);
void put64(uint8_t *at, uint64_t value);

/* The values in a kernel's header, and the real length of the file. */
struct kernel_shape {
    size_t file_size;
    uint64_t text_offset;
    uint64_t image_size;
};

/* An Image with a PE header of two sections, as in Linux: the last section ends with the file. */
struct blob kernel_image(const struct kernel_shape *shape);

/* Offsets in the files of kernel_image(). */
enum {
    KERNEL_PE = 64,
    KERNEL_SECTION_COUNT = KERNEL_PE + 6,
    KERNEL_SECTIONS = KERNEL_PE + 24 + 160,
    KERNEL_SECTIONS_END = KERNEL_SECTIONS + 2 * 40,
};

struct blob kernel_gzip(const struct blob *image);
struct blob kernel_zstd(const struct blob *image);

/* An EFI zboot file: a header, the packed kernel, four bytes of its size that do not count. */
struct blob kernel_zboot(const char *compression, const struct blob *packed);

enum { KERNEL_ZBOOT_PAYLOAD = 512 };

#endif
