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

/* A section of a PE file; `name` has at most 8 characters. */
struct kernel_section {
    const char *name;
    const void *bytes;
    size_t size;
};

/* An EFI program for arm64 with these sections, as ukify and objcopy make them: padded to 512 bytes in the file. */
struct blob kernel_pe(const struct kernel_section *sections, size_t count);

/* Offsets in the files of kernel_pe(). */
enum { KERNEL_PE_START = 128, KERNEL_PE_SECTIONS = KERNEL_PE_START + 24 + 240 };

/* A segment of an ELF file. */
struct kernel_segment {
    uint64_t virtual_address;
    uint64_t address;
    const void *bytes;
    size_t size;
    uint64_t memory_size;
};

/* A 64-bit ELF program for arm64 with these segments. */
struct blob kernel_elf(const struct kernel_segment *segments, size_t count, uint64_t entry);

/* Offsets in the files of kernel_elf(). */
enum { KERNEL_ELF_SEGMENTS = 64, KERNEL_ELF_SEGMENT_SIZE = 56, KERNEL_ELF_BYTES = 4096 };

#endif
