/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/report.h"
#include "state/reader_parts.h"
#include "state/stream.h"

struct stream_out {
    ZSTD_CCtx *zstd;
    int fd;
    size_t packed_size;
    uint8_t *packed;
    uint8_t chunk[FORMAT_CHUNK];
};

static int stream_fail(const char *why)
{
    report("image export: standard output: %s", why);
    return -REPORTED;
}

static int stream_write(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);

        if (put < 0 && errno != EINTR) {
            return stream_fail(strerror(errno));
        }
        if (put > 0) {
            bytes += put;
            size -= (size_t)put;
        }
    }
    return 0;
}

/* `end`: this is the end of the stream. */
static int stream_put(struct stream_out *out, const void *bytes, size_t size, ZSTD_EndDirective end)
{
    ZSTD_inBuffer input = {.src = bytes, .size = size};
    size_t left;

    do {
        ZSTD_outBuffer output = {.dst = out->packed, .size = out->packed_size};

        left = ZSTD_compressStream2(out->zstd, &output, &input, end);
        if (ZSTD_isError(left)) {
            return stream_fail(ZSTD_getErrorName(left));
        }
        int error = stream_write(out->fd, out->packed, output.pos);
        if (error != 0) {
            return error;
        }
    } while (input.pos < input.size || (end == ZSTD_e_end && left > 0));
    return 0;
}

static int stream_put_chunk(struct state_reader *reader, const struct format_chunk *chunk,
                            void *arg)
{
    struct stream_out *out = arg;
    unsigned page = 0;
    int error = reader_read_chunk(reader, chunk, out->chunk);

    for (unsigned run; error == 0 && (run = format_next_run(chunk, &page)) != 0; page += run) {
        error = stream_put(out, out->chunk + (size_t)page * FORMAT_PAGE, (size_t)run * FORMAT_PAGE,
                           ZSTD_e_continue);
    }
    return error;
}

static int stream_put_image(struct stream_out *out, struct state_reader *reader)
{
    uint8_t header[FORMAT_HEADER_SIZE];

    format_put_header(header, &reader->header);
    int error = stream_put(out, header, sizeof(header), ZSTD_e_continue);
    if (error == 0) {
        error = stream_put(out, reader->tail, reader_tail_size(reader), ZSTD_e_continue);
    }
    if (error == 0) {
        error = reader_each_chunk(reader, stream_put_chunk, out);
    }
    return error == 0 ? stream_put(out, NULL, 0, ZSTD_e_end) : error;
}

static int stream_export_to(struct state_reader *reader, int fd)
{
    struct stream_out *out = calloc(1, sizeof(*out));
    int error = -REPORTED;

    if (out == NULL) {
        return stream_fail("out of memory");
    }
    out->fd = fd;
    out->zstd = ZSTD_createCCtx();
    out->packed_size = ZSTD_CStreamOutSize();
    out->packed = malloc(out->packed_size);
    if (out->zstd == NULL || out->packed == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(out->zstd, ZSTD_c_checksumFlag, 1))) {
        (void)stream_fail("out of memory");
    } else {
        error = stream_put_image(out, reader);
    }
    free(out->packed);
    ZSTD_freeCCtx(out->zstd);
    free(out);
    return error;
}

int stream_export(const char *path, int fd)
{
    struct state_reader *reader;
    int error = state_reader_open_shared(path, &reader);

    if (error == 0) {
        error = stream_export_to(reader, fd);
        state_reader_close(reader);
    }
    return error;
}
