/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_bomb OUTPUT
 *
 * Writes a small Image.gz whose header names 4 GiB and whose stream goes on for 8 GiB of zeros. The zeros are packed
 * once, flushed in full, and repeated, so that making it takes no time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PIECE_SIZE = 1 << 20, PIECE_COUNT = 8192, IMAGE_HEADER_SIZE = 64, PACKED_SIZE = 16384 };

static const uint8_t magic[] = {'A', 'R', 'M', 0x64};
static uint8_t header[IMAGE_HEADER_SIZE];
static uint8_t piece[PIECE_SIZE];
static uint8_t packed[PACKED_SIZE];

static void die(const char *what)
{
    fprintf(stderr, "kernel_bomb: %s\n", what);
    exit(1);
}

/*
 * Compresses `size` bytes up to a full flush, after which any such piece may follow. Writes them
 * `count` times.
 */
static void write_packed(z_stream *stream, uint8_t *bytes, unsigned size, unsigned count, FILE *out)
{
    stream->next_in = bytes;
    stream->avail_in = size;
    stream->next_out = packed;
    stream->avail_out = sizeof(packed);
    if (deflate(stream, Z_FULL_FLUSH) != Z_OK || stream->avail_out == 0) {
        die("zlib");
    }
    size_t length = sizeof(packed) - stream->avail_out;
    for (unsigned i = 0; i < count; i++) {
        if (fwrite(packed, 1, length, out) != length) {
            die("cannot write");
        }
    }
}

int main(int argc, char **argv)
{
    enum {
        GZIP_WRAPPER = 16,
        WINDOW_BITS = 15,
        MEMORY_LEVEL = 8,
        IMAGE_SIZE = 16,
        IMAGE_MAGIC = 56
    };
    z_stream stream = {0};
    FILE *out = argc == 2 ? fopen(argv[1], "wb") : NULL;

    if (out == NULL || deflateInit2(&stream, 9, Z_DEFLATED, WINDOW_BITS + GZIP_WRAPPER,
                                    MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        die("usage: kernel_bomb OUTPUT");
    }
    header[IMAGE_SIZE + 4] = 1; /* 1 << 32 */
    memcpy(header + IMAGE_MAGIC, magic, sizeof(magic));
    write_packed(&stream, header, sizeof(header), 1, out);
    write_packed(&stream, piece, sizeof(piece), 1, out);
    write_packed(&stream, piece, sizeof(piece), PIECE_COUNT - 1, out);
    deflateEnd(&stream);
    if (fclose(out) != 0) {
        die("cannot write");
    }
    return 0;
}
