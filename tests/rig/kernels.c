/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernels.h"

#include <elf.h>
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "scratch.h"

static struct blob blob_new(size_t size)
{
    struct blob blob = {calloc(1, size), size};

    assert_non_null(blob.bytes);
    return blob;
}

void blob_free(struct blob *blob)
{
    free(blob->bytes);
    *blob = (struct blob){0};
}

void blob_write(const struct blob *blob, const char *name)
{
    scratch_write(name, blob->bytes, blob->size);
}

void put16(uint8_t *at, uint16_t value)
{
    value = htole16(value);
    memcpy(at, &value, sizeof(value));
}

void put32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof(value));
}

void put64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof(value));
}

static void put_section(uint8_t *at, size_t offset, size_t size)
{
    put32(at + 16, (uint32_t)size);
    put32(at + 20, (uint32_t)offset);
}

struct blob kernel_image(const struct kernel_shape *shape)
{
    struct blob image = blob_new(shape->file_size);
    size_t half = shape->file_size / 2;
    uint32_t random = 1;

    assert_true(shape->file_size >= KERNEL_SECTIONS_END);
    /* Every place has different bytes, and compression halves the size. */
    for (size_t i = KERNEL_SECTIONS_END; i < image.size; i++) {
        random = random * 1664525 + 1013904223;
        image.bytes[i] = (uint8_t)((random >> 24) & 0xf);
    }
    memcpy(image.bytes, "MZ", 2);
    put64(image.bytes + 8, shape->text_offset);
    put64(image.bytes + 16, shape->image_size);
    memcpy(image.bytes + 56, "ARM\x64", 4);
    put32(image.bytes + 60, KERNEL_PE);
    memcpy(image.bytes + KERNEL_PE, "PE\0", 4);
    put16(image.bytes + KERNEL_PE + 4, 0xaa64);
    put16(image.bytes + KERNEL_SECTION_COUNT, 2);
    put16(image.bytes + KERNEL_PE + 20, 160);
    put_section(image.bytes + KERNEL_SECTIONS, KERNEL_SECTIONS_END, half - KERNEL_SECTIONS_END);
    put_section(image.bytes + KERNEL_SECTIONS + 40, half, image.size - half);
    return image;
}

struct blob kernel_gzip(const struct blob *image)
{
    struct blob packed = blob_new(image->size + 1024);
    z_stream stream = {
        .next_in = image->bytes,
        .avail_in = (uInt)image->size,
        .next_out = packed.bytes,
        .avail_out = (uInt)packed.size,
    };

    assert_int_equal(
        deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.size -= stream.avail_out;
    deflateEnd(&stream);
    return packed;
}

struct blob kernel_zstd(const struct blob *image)
{
    struct blob packed = blob_new(ZSTD_compressBound(image->size));
    ZSTD_CCtx *context = ZSTD_createCCtx();

    assert_non_null(context);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    packed.size = ZSTD_compress2(context, packed.bytes, packed.size, image->bytes, image->size);
    assert_false(ZSTD_isError(packed.size));
    ZSTD_freeCCtx(context);
    return packed;
}

struct blob kernel_zboot(const char *compression, const struct blob *packed)
{
    struct blob file = blob_new(KERNEL_ZBOOT_PAYLOAD + packed->size + 4);

    memcpy(file.bytes, "MZ\0\0zimg", 8);
    put32(file.bytes + 8, KERNEL_ZBOOT_PAYLOAD);
    put32(file.bytes + 12, (uint32_t)packed->size);
    memcpy(file.bytes + 24, compression, strlen(compression));
    put32(file.bytes + 56, 0x818223cd);
    if (packed->size > 0) {
        memcpy(file.bytes + KERNEL_ZBOOT_PAYLOAD, packed->bytes, packed->size);
    }
    put32(file.bytes + KERNEL_ZBOOT_PAYLOAD + packed->size, 0x12345678);
    return file;
}

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

struct blob kernel_pe(const struct kernel_section *sections, size_t count)
{
    enum { FILE_UNIT = 512, MEMORY_UNIT = 4096 };
    size_t offset = round_up(KERNEL_PE_SECTIONS + count * 40, FILE_UNIT);
    size_t size = offset;
    uint32_t address = MEMORY_UNIT;

    for (size_t i = 0; i < count; i++) {
        size += round_up(sections[i].size, FILE_UNIT);
    }
    struct blob file = blob_new(size);
    memcpy(file.bytes, "MZ", 2);
    put32(file.bytes + 60, KERNEL_PE_START);
    memcpy(file.bytes + KERNEL_PE_START, "PE\0", 4);
    put16(file.bytes + KERNEL_PE_START + 4, 0xaa64);
    put16(file.bytes + KERNEL_PE_START + 6, (uint16_t)count);
    put16(file.bytes + KERNEL_PE_START + 20, 240);
    for (size_t i = 0; i < count; i++) {
        uint8_t *header = file.bytes + KERNEL_PE_SECTIONS + i * 40;

        memcpy(header, sections[i].name, strnlen(sections[i].name, 8));
        put32(header + 8, (uint32_t)sections[i].size);
        put32(header + 12, address);
        put_section(header, offset, round_up(sections[i].size, FILE_UNIT));
        memcpy(file.bytes + offset, sections[i].bytes, sections[i].size);
        offset += round_up(sections[i].size, FILE_UNIT);
        address += (uint32_t)round_up(sections[i].size, MEMORY_UNIT);
    }
    return file;
}

static void put_segment(uint8_t *header, const struct kernel_segment *segment, size_t offset)
{
    put32(header, PT_LOAD);
    put32(header + 4, PF_R | PF_W | PF_X);
    put64(header + 8, offset);
    put64(header + 16, segment->virtual_address);
    put64(header + 24, segment->address);
    put64(header + 32, segment->size);
    put64(header + 40, segment->memory_size);
    put64(header + 48, 8);
}

struct blob kernel_elf(const struct kernel_segment *segments, size_t count, uint64_t entry)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    size_t offset = KERNEL_ELF_BYTES;
    size_t size = offset;

    assert_true(KERNEL_ELF_SEGMENTS + count * KERNEL_ELF_SEGMENT_SIZE <= KERNEL_ELF_BYTES);
    for (size_t i = 0; i < count; i++) {
        size += segments[i].size;
    }
    struct blob file = blob_new(size);
    memcpy(file.bytes, ident, sizeof(ident));
    put16(file.bytes + 16, ET_EXEC);
    put16(file.bytes + 18, EM_AARCH64);
    put32(file.bytes + 20, EV_CURRENT);
    put64(file.bytes + 24, entry);
    put64(file.bytes + 32, KERNEL_ELF_SEGMENTS);
    put16(file.bytes + 52, 64);
    put16(file.bytes + 54, KERNEL_ELF_SEGMENT_SIZE);
    put16(file.bytes + 56, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        put_segment(file.bytes + KERNEL_ELF_SEGMENTS + i * KERNEL_ELF_SEGMENT_SIZE, &segments[i],
                    offset);
        if (segments[i].size != 0) {
            memcpy(file.bytes + offset, segments[i].bytes, segments[i].size);
        }
        offset += segments[i].size;
    }
    return file;
}
