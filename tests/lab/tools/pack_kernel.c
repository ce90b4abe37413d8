/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack_kernel gzip|zboot-gzip|zboot-zstd IMAGE OUTPUT
 *
 * Packs a kernel Image the way Linux's own build does: as Image.gz, or as an EFI zboot file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct bytes {
    uint8_t *data;
    size_t size;
};

static void die(const char *what)
{
    fprintf(stderr, "pack_kernel: %s\n", what);
    exit(1);
}

static void *get(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL) {
        die("out of memory");
    }
    return memory;
}

static struct bytes read_file(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        die(path);
    }
    long size = ftell(file);
    if (size < 0) {
        die(path);
    }
    struct bytes bytes = {get((size_t)size), (size_t)size};
    if (fseek(file, 0, SEEK_SET) != 0 || fread(bytes.data, 1, bytes.size, file) != bytes.size) {
        die(path);
    }
    fclose(file);
    return bytes;
}

/* Fastest level, because only the format matters, and this may run on an emulated machine. */
static struct bytes pack_gzip(struct bytes image)
{
    enum { GZIP_WRAPPER = 16, WINDOW_BITS = 15, MEMORY_LEVEL = 8 };
    z_stream stream = {.next_in = image.data, .avail_in = (uInt)image.size};

    if (deflateInit2(&stream, 1, Z_DEFLATED, WINDOW_BITS + GZIP_WRAPPER, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        die("zlib");
    }
    size_t room = deflateBound(&stream, image.size);
    struct bytes packed = {get(room), 0};
    stream.next_out = packed.data;
    stream.avail_out = (uInt)room;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        die("zlib");
    }
    packed.size = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

static struct bytes pack_zstd(struct bytes image)
{
    size_t room = ZSTD_compressBound(image.size);
    struct bytes packed = {get(room), 0};

    packed.size = ZSTD_compress(packed.data, room, image.data, image.size, 1);
    if (ZSTD_isError(packed.size)) {
        die("zstd");
    }
    return packed;
}

static void put32(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* Text in a header ends at the zeros after it. */
static void put_text(uint8_t *at, const char *text)
{
    for (; *text != '\0'; text++) {
        *at++ = (uint8_t)*text;
    }
}

/*
 * The header of drivers/firmware/efi/libstub: "MZ", "zimg", the payload's place, its compression.
 */
static void write_zboot_header(FILE *out, const char *compression, size_t payload, size_t size)
{
    uint8_t header[512] = {0};

    put_text(header, "MZ");
    put_text(header + 4, "zimg");
    put32(header + 8, payload);
    put32(header + 12, size);
    put_text(header + 24, compression);
    if (fwrite(header, 1, payload, out) != payload) {
        die("cannot write");
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        die("usage: pack_kernel gzip|zboot-gzip|zboot-zstd IMAGE OUTPUT");
    }
    int is_zstd = strcmp(argv[1], "zboot-zstd") == 0;
    int is_zboot = strncmp(argv[1], "zboot-", 6) == 0;
    struct bytes image = read_file(argv[2]);
    struct bytes packed = is_zstd ? pack_zstd(image) : pack_gzip(image);
    uint8_t size_behind[4];
    FILE *out = fopen(argv[3], "wb");

    if (out == NULL) {
        die(argv[3]);
    }
    if (is_zboot) {
        write_zboot_header(out, is_zstd ? "zstd" : "gzip", 512, packed.size);
    }
    put32(size_behind, image.size);
    if (fwrite(packed.data, 1, packed.size, out) != packed.size ||
        (is_zboot && fwrite(size_behind, 1, 4, out) != 4) || fclose(out) != 0) {
        die("cannot write");
    }
    return 0;
}
