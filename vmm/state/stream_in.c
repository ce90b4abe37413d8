/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/report.h"
#include "state/checksum.h"
#include "state/reader_parts.h"
#include "state/stream.h"
#include "state/writer_parts.h"

struct stream_in {
    ZSTD_DCtx *zstd;
    int fd;
    int stop;
    bool ended;    /* no more comes from `fd` */
    bool complete; /* the stream is at its end, and its checksum was right */
    size_t packed_size;
    uint8_t *packed;
    ZSTD_inBuffer input;
    struct state_writer *writer;
    uint8_t chunk[FORMAT_CHUNK];
};

static int stream_refuse(const char *why)
{
    report("image import: standard input: %s", why);
    return -REPORTED;
}

/* Waits until there is something to read. */
static int stream_wait(const struct stream_in *in)
{
    struct pollfd ready[] = {{.fd = in->fd, .events = POLLIN}, {.fd = in->stop, .events = POLLIN}};

    while (poll(ready, 2, -1) < 0) {
        if (errno != EINTR) {
            return stream_refuse(strerror(errno));
        }
    }
    return ready[1].revents == 0 ? 0 : stream_refuse("a signal ends the import");
}

/* Reads more, unless there is some. */
static int stream_fill(struct stream_in *in)
{
    if (in->input.pos < in->input.size || in->ended) {
        return 0;
    }
    int error = stream_wait(in);
    if (error != 0) {
        return error;
    }
    ssize_t got;
    do {
        got = read(in->fd, in->packed, in->packed_size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return stream_refuse(strerror(errno));
    }
    in->ended = got == 0;
    in->input = (ZSTD_inBuffer){.src = in->packed, .size = (size_t)got};
    return 0;
}

/* Takes what zstd has, at most to the end of `output`. */
static int stream_step(struct stream_in *in, ZSTD_outBuffer *output)
{
    int error = stream_fill(in);

    if (error != 0) {
        return error;
    }
    size_t before = output->pos;
    size_t left = ZSTD_decompressStream(in->zstd, output, &in->input);
    if (ZSTD_isError(left)) {
        return stream_refuse(ZSTD_getErrorName(left));
    }
    in->complete = left == 0;
    if (in->ended && !in->complete && output->pos == before) {
        return stream_refuse("it ends too early: this is not all of an image");
    }
    return 0;
}

/* Exactly `size` bytes. */
static int stream_get(struct stream_in *in, void *bytes, size_t size)
{
    ZSTD_outBuffer output = {.dst = bytes, .size = size};

    while (output.pos < output.size) {
        if (in->complete) {
            return stream_refuse("it ends too early: this is not all of an image");
        }
        int error = stream_step(in, &output);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* zstd's checksum comes after the last byte; and nothing may come after that. */
static int stream_end(struct stream_in *in)
{
    uint8_t byte;
    ZSTD_outBuffer output = {.dst = &byte, .size = sizeof(byte)};

    while (!in->complete && output.pos == 0) {
        int error = stream_step(in, &output);
        if (error != 0) {
            return error;
        }
    }
    int error = stream_fill(in);
    if (error == 0 && (output.pos > 0 || in->input.pos < in->input.size)) {
        error = stream_refuse("something follows the end of the image");
    }
    return error;
}

static int stream_get_chunk(struct state_reader *reader, const struct format_chunk *chunk,
                            void *arg)
{
    struct stream_in *in = arg;
    struct state_writer *writer = in->writer;
    uint64_t start = reader->header.ram_offset + (uint64_t)chunk->index * FORMAT_CHUNK;
    uint32_t sum = 0;
    unsigned page = 0;

    for (unsigned run; (run = format_next_run(chunk, &page)) != 0; page += run) {
        size_t size = (size_t)run * FORMAT_PAGE;
        int error = stream_get(in, in->chunk, size);

        if (error != 0) {
            return error;
        }
        sum = checksum_add(sum, in->chunk, size);
        error = writer_put(writer, in->chunk, size, start + (uint64_t)page * FORMAT_PAGE);
        if (error != 0) {
            return writer_fail(writer, "write", error);
        }
    }
    return reader_check_sum(reader, chunk, sum);
}

/* Header and sections come first, because they tell where RAM goes. */
static int stream_get_tail(struct stream_in *in, struct state_reader *reader,
                           uint8_t header[FORMAT_HEADER_SIZE])
{
    int error = stream_get(in, header, FORMAT_HEADER_SIZE);

    if (error != 0) {
        return error;
    }
    reader->file_size = format_get_header(header).file_size;
    error = reader_take_header(reader, header);
    if (error == 0) {
        error = reader_make_tail(reader);
    }
    if (error == 0) {
        error = stream_get(in, reader->tail, reader_tail_size(reader));
    }
    return error == 0 ? reader_take_tail(reader) : error;
}

static int stream_put_tail(struct stream_in *in, const struct state_reader *reader)
{
    int error =
        writer_put(in->writer, reader->tail, reader_tail_size(reader), reader->header.table_offset);

    if (error == 0 && ftruncate(in->writer->fd, (off_t)reader->header.file_size) != 0) {
        error = -errno;
    }
    return error == 0 ? 0 : writer_fail(in->writer, "write", error);
}

static int stream_import_image(struct stream_in *in, struct state_reader *reader)
{
    uint8_t header[FORMAT_HEADER_SIZE];
    int error = stream_get_tail(in, reader, header);

    if (error == 0) {
        error = state_writer_begin(in->writer);
    }
    if (error == 0) {
        error = stream_put_tail(in, reader);
    }
    if (error == 0) {
        error = reader_each_chunk(reader, stream_get_chunk, in);
    }
    if (error == 0) {
        error = stream_end(in);
    }
    return error == 0 ? writer_finish(in->writer, header) : error;
}

/* The reader has no file: what it checks comes from the stream. */
static int stream_import_to(struct state_writer *writer, struct stream_in *in)
{
    struct state_place place;
    struct state_reader *reader;
    int error = place_copy(&place, &writer->place);

    if (error != 0) {
        return stream_refuse(strerror(-error));
    }
    error = reader_allocate(&place, &reader);
    if (error != 0) {
        return error;
    }
    in->writer = writer;
    error = stream_import_image(in, reader);
    state_reader_close(reader);
    return error;
}

static struct stream_in *stream_make(int fd, int stop)
{
    struct stream_in *in = calloc(1, sizeof(*in));

    if (in == NULL) {
        return NULL;
    }
    in->fd = fd;
    in->stop = stop;
    in->packed_size = ZSTD_DStreamInSize();
    in->packed = malloc(in->packed_size);
    in->zstd = ZSTD_createDCtx();
    return in;
}

static void stream_free(struct stream_in *in)
{
    if (in != NULL) {
        ZSTD_freeDCtx(in->zstd);
        free(in->packed);
        free(in);
    }
}

int stream_import(const char *path, int fd, int stop)
{
    struct state_writer *writer;
    int error = state_writer_open(path, "image import", &writer);

    if (error != 0) {
        return error;
    }
    struct stream_in *in = stream_make(fd, stop);
    if (in == NULL || in->packed == NULL || in->zstd == NULL) {
        error = stream_refuse("out of memory");
    } else {
        error = stream_import_to(writer, in);
    }
    stream_free(in);
    state_writer_close(writer);
    return error;
}
