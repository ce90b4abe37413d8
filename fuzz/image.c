/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a kernel file: opened, loaded twice, and never more than an error line. By hand:
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ivmm -o build/fuzz-image
 *       fuzz/image.c base/file.c vmm/boot/{image*,payload,source,unpack}.c vmm/core/memory.c -lz -lzstd
 *   build/fuzz-image -max_len=8192 CORPUS-FOLDER
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/report.h"
#include "boot/image.h"

enum { RAM_SIZE = 4 << 20, PLAIN_MAX = 16384, HEADER_SIZE = 64, GZIP_WINDOW = 15 + 16 };

#define RAM_BASE    UINT64_C(0x40000000)
#define KERNEL_BASE UINT64_C(0x40200000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t size_max);

/* Replaces the real one: a message must be valid, but is not shown. */
void report(const char *format, ...)
{
    (void)format;
}

static void check(bool right)
{
    if (!right) {
        abort();
    }
}

static void load(struct image *image, struct memory *memory)
{
    struct image_place place;
    bool may_be_below = false;

    if (image_load(image, memory, ipa(KERNEL_BASE), &place) == 0) {
        check(place.start.value >= RAM_BASE && place.entry.value >= place.start.value &&
              place.end.value > place.entry.value && place.end.value <= RAM_BASE + RAM_SIZE);
        may_be_below = place.start.value < KERNEL_BASE;
    }
    /* Only an ELF file may go below the base. */
    check(may_be_below || memory->host[(KERNEL_BASE - RAM_BASE) - 1] == 0x11);
}

/* What a UKI brings is within its file. */
static void check_parts(const struct image *image, size_t size)
{
    int fd;
    const struct image_part initrd = image_initrd(image, &fd);
    const char *line = image_command_line(image);

    check(initrd.offset + initrd.size <= size || initrd.size == 0);
    check(line == NULL || strlen(line) <= size);
}

static void load_raw(const char *path, struct memory *memory, size_t offset)
{
    struct image *image = image_open_raw(path, 0, offset);
    struct image_place place;

    if (image != NULL && image_load(image, memory, ipa(KERNEL_BASE), &place) == 0) {
        check(place.entry.value == RAM_BASE + offset && place.end.value <= RAM_BASE + RAM_SIZE);
    }
    image_close(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int fd = memfd_create("kernel", MFD_CLOEXEC);
    struct memory memory;
    struct image *image;
    char path[64];

    check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    check(memory_create(&memory, ipa(RAM_BASE), RAM_SIZE) == 0);
    memory.host[(KERNEL_BASE - RAM_BASE) - 1] = 0x11;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    image = image_open(path, sizeof(path));
    if (image) {
        check_parts(image, size);
        load(image, &memory);
        load(image, &memory);
    }
    image_close(image);
    load_raw(path, &memory, size * 997);
    memory_destroy(&memory);
    close(fd);
    return 0;
}

/* Unpacks as much of a gzip stream as fits. Returns 0 if it is no gzip stream. */
static size_t unpack_bytes(const uint8_t *bytes, size_t size, uint8_t *plain, size_t plain_max)
{
    uint8_t *input = malloc(size + 1);
    z_stream stream = {.next_in = input, .avail_in = (uInt)size};

    check(input != NULL);
    memcpy(input, bytes, size);
    stream.next_out = plain;
    stream.avail_out = (uInt)plain_max;
    check(inflateInit2(&stream, GZIP_WINDOW) == Z_OK);
    (void)inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    free(input);
    return plain_max - stream.avail_out;
}

/* Returns the stream's size; 0: it does not fit. */
static size_t pack_bytes(uint8_t *plain, size_t size, uint8_t *bytes, size_t size_max)
{
    z_stream stream = {.next_in = plain, .avail_in = (uInt)size};
    int status;

    stream.next_out = bytes;
    stream.avail_out = (uInt)size_max;
    check(deflateInit2(&stream, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    status = deflate(&stream, Z_FINISH);
    deflateEnd(&stream);
    return status == Z_STREAM_END ? size_max - stream.avail_out : 0;
}

/*
 * Writes an Image's header to the start of `plain`. The Image can then be loaded, unless its PE
 * header is bad.
 */
static void write_header(uint8_t *plain, unsigned seed)
{
    uint64_t image_size = seed % 8 == 0 ? 0 : PLAIN_MAX + seed % 8192;

    memset(plain + 8, 0, 8); /* text offset */
    for (unsigned i = 0; i < 8; i++) {
        plain[16 + i] = (uint8_t)(image_size >> i * 8);
    }
    memcpy(plain + 56, "ARM\x64", 4);
}

/*
 * Half of the inputs become gzip streams of an Image, because bytes that are mutated after
 * compression hardly ever get past the stream's checksum.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t size_max, unsigned seed)
{
    static uint8_t plain[PLAIN_MAX];
    size_t plain_size;
    size_t packed;

    if (seed % 2 == 0) {
        return LLVMFuzzerMutate(bytes, size, size_max);
    }
    plain_size = unpack_bytes(bytes, size, plain, sizeof(plain));
    plain_size = LLVMFuzzerMutate(plain, plain_size, sizeof(plain));
    if (plain_size < HEADER_SIZE) {
        memset(plain + plain_size, 0, HEADER_SIZE - plain_size);
        plain_size = HEADER_SIZE;
    }
    if (seed % 16 != 1) {
        write_header(plain, seed / 16);
    }
    packed = pack_bytes(plain, plain_size, bytes, size_max);
    return packed != 0 ? packed : LLVMFuzzerMutate(bytes, size, size_max);
}
