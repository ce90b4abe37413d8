/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/unpack.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/file.h"

enum {
    CHUNK_SIZE = 256 * 1024,    /* of input; large enough for malloc() to give it back afterwards */
    GZIP_STEP = 1 << 30,        /* of output: zlib counts in 32 bits */
    GZIP_WINDOW_BITS = 15 + 16, /* the largest window; + 16: a gzip header, nothing else */
};

/* The input, a chunk at a time. */
struct reader {
    struct unpack_input rest; /* not read yet */
    uint8_t *chunk;
};

static void unpack_finish(struct unpack_result *result, enum unpack_status status,
                          const char *reason)
{
    result->status = status;
    (void)snprintf(result->reason, sizeof(result->reason), "%s", reason);
}

static int reader_start(struct reader *reader, const struct unpack_input *input,
                        struct unpack_result *result)
{
    *result = (struct unpack_result){.status = UNPACK_DONE};
    reader->rest = *input;
    reader->chunk = malloc(CHUNK_SIZE);
    if (reader->chunk == NULL) {
        unpack_finish(result, UNPACK_FAILED, strerror(ENOMEM));
        return -ENOMEM;
    }
    return 0;
}

/* Reads the next chunk. Returns false if there is none, with the reason in *result. */
static bool reader_next(struct reader *reader, size_t *count, struct unpack_result *result)
{
    size_t want = reader->rest.size < CHUNK_SIZE ? (size_t)reader->rest.size : CHUNK_SIZE;
    int error = file_read(reader->rest.fd, reader->rest.offset, reader->chunk, want, count);

    if (error != 0) {
        unpack_finish(result, UNPACK_FAILED, strerror(-error));
        return false;
    }
    if (*count == 0) {
        unpack_finish(result, UNPACK_TRUNCATED, "");
        return false;
    }
    reader->rest.offset += *count;
    reader->rest.size -= *count;
    return true;
}

/*
 * One call of inflate(). Returns whether to call it again. It returns Z_BUF_ERROR only if it could
 * do nothing; as it always has input, the output is full then. It still accepts an end of stream,
 * which needs no room.
 */
static bool gzip_step(z_stream *stream, uint64_t capacity, struct unpack_result *result)
{
    uint64_t room = capacity - result->produced;
    uInt before = room < GZIP_STEP ? (uInt)room : GZIP_STEP;
    int status;

    stream->avail_out = before;
    status = inflate(stream, Z_NO_FLUSH);
    result->produced += before - stream->avail_out;
    switch (status) {
    case Z_OK:
        return true;
    case Z_STREAM_END:
        unpack_finish(result, UNPACK_DONE, "");
        return false;
    case Z_BUF_ERROR:
        unpack_finish(result, UNPACK_FULL, "");
        return false;
    case Z_MEM_ERROR:
        unpack_finish(result, UNPACK_FAILED, strerror(ENOMEM));
        return false;
    default:
        unpack_finish(result, UNPACK_DAMAGED,
                      stream->msg != NULL ? stream->msg : "not a gzip stream");
        return false;
    }
}

void unpack_gzip(const struct unpack_input *input, uint8_t *output, uint64_t capacity,
                 struct unpack_result *result)
{
    struct reader reader;
    z_stream stream = {.next_out = output};
    size_t count;

    if (reader_start(&reader, input, result) != 0) {
        return;
    }
    if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK) {
        unpack_finish(result, UNPACK_FAILED, strerror(ENOMEM));
        free(reader.chunk);
        return;
    }
    do {
        if (stream.avail_in == 0) {
            if (!reader_next(&reader, &count, result)) {
                break;
            }
            stream.next_in = reader.chunk;
            stream.avail_in = (uInt)count;
        }
    } while (gzip_step(&stream, capacity, result));
    inflateEnd(&stream);
    free(reader.chunk);
}

/* One call of ZSTD_decompressStream(). Returns whether to call it again. */
static bool zstd_step(ZSTD_DStream *stream, ZSTD_inBuffer *in, ZSTD_outBuffer *out,
                      struct unpack_result *result)
{
    size_t in_before = in->pos;
    size_t out_before = out->pos;
    size_t status = ZSTD_decompressStream(stream, out, in);

    result->produced = out->pos;
    if (ZSTD_isError(status)) {
        unpack_finish(result, UNPACK_DAMAGED, ZSTD_getErrorName(status));
        return false;
    }
    if (status == 0) {
        unpack_finish(result, UNPACK_DONE, "");
        return false;
    }
    /*
     * It had input, so only a full output can have stopped it: it keeps the last byte of its input
     * back until all of the output is written.
     */
    if (in->pos == in_before && out->pos == out_before) {
        unpack_finish(result, UNPACK_FULL, "");
        return false;
    }
    return true;
}

void unpack_zstd(const struct unpack_input *input, uint8_t *output, uint64_t capacity,
                 struct unpack_result *result)
{
    struct reader reader;
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_outBuffer out = {.dst = output, .size = (size_t)capacity};
    ZSTD_inBuffer in = {0};

    if (reader_start(&reader, input, result) != 0) {
        ZSTD_freeDStream(stream);
        return;
    }
    if (stream == NULL) {
        unpack_finish(result, UNPACK_FAILED, strerror(ENOMEM));
        free(reader.chunk);
        return;
    }
    do {
        if (in.pos == in.size) {
            in = (ZSTD_inBuffer){.src = reader.chunk};
            if (!reader_next(&reader, &in.size, result)) {
                break;
            }
        }
    } while (zstd_step(stream, &in, &out, result));
    ZSTD_freeDStream(stream);
    free(reader.chunk);
}
