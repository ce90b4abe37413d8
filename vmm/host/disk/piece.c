/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request is done in pieces: a guest's request may have gigabytes, and nothing of that length can
 * be taken back when the guest resets the device. The kernel may also do less than it was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/disk/disk_parts.h"

enum {
    PIECE_SIZE = 1 << 20,
    PIECE_SPACE = 256 << 20, /* of a file's space, which needs no copying */
    PIECE_AGAIN_MAX = 1000,
};

/* What is written where nothing else gives zeroes. It is never touched, so it takes no memory. */
static uint8_t zeroes[256 << 10];

/* The ways of an operation, the best first. What the host lacks falls through to the next. */
static enum disk_way first_way(const struct disk_request *request)
{
    static const enum disk_way ways[] = {
        [DISK_READ] = DISK_WAY_READ,       [DISK_WRITE] = DISK_WAY_WRITE,
        [DISK_FLUSH] = DISK_WAY_FLUSH,     [DISK_DISCARD] = DISK_WAY_PUNCH,
        [DISK_ZERO] = DISK_WAY_ZERO_RANGE,
    };
    bool punches = request->operation == DISK_ZERO && request->may_unmap;

    if (request->size == 0) {
        return DISK_WAY_FLUSH; /* Only that was missing when it failed. */
    }
    return punches ? DISK_WAY_PUNCH : ways[request->operation];
}

/* The next way, if this one is missing here. False: there is none. */
static bool piece_has_way(struct disk_request *request)
{
    const bool *cannot = request->disk->cannot;

    while (cannot[request->way] && request->way < DISK_WAY_WRITE_ZEROES) {
        if (request->operation == DISK_DISCARD) {
            return false;
        }
        request->way++; /* PUNCH, ZERO_RANGE, WRITE_ZEROES */
    }
    return true;
}

/* Reads and writes: whole parts, the last one perhaps not. */
static void piece_of_parts(struct disk_request *request)
{
    size_t size = 0;
    unsigned count = 0;

    while (size < PIECE_SIZE && size < request->size) {
        size += request->parts[count++].iov_len;
    }
    request->hidden = size > PIECE_SIZE ? size - PIECE_SIZE : 0;
    request->piece = size - request->hidden;
    request->piece_parts = count;
    request->parts[count - 1].iov_len -= request->hidden;
}

static size_t piece_at_most(const struct disk_request *request, size_t most)
{
    return request->size < most ? (size_t)request->size : most;
}

static void piece_measure(struct disk_request *request)
{
    switch (request->way) {
    case DISK_WAY_READ:
    case DISK_WAY_WRITE:
        piece_of_parts(request);
        break;
    case DISK_WAY_WRITE_ZEROES:
        request->piece = piece_at_most(request, sizeof(zeroes));
        request->zeroes = (struct iovec){zeroes, request->piece};
        request->piece_parts = 1;
        break;
    case DISK_WAY_FLUSH:
        request->piece = 0;
        break;
    case DISK_WAY_PUNCH:
    case DISK_WAY_ZERO_RANGE:
        request->piece = piece_at_most(request, PIECE_SPACE);
        break;
    }
}

void piece_begin(struct disk_request *request)
{
    request->way = first_way(request);
    request->again = 0;
    request->hidden = 0;
    (void)piece_has_way(request);
    piece_measure(request);
}

const struct iovec *piece_parts(const struct disk_request *request)
{
    return request->way == DISK_WAY_WRITE_ZEROES ? &request->zeroes : request->parts;
}

int piece_mode(enum disk_way way)
{
    return way == DISK_WAY_PUNCH ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
                                 : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
}

static int64_t piece_call(const struct disk_request *request)
{
    int fd = request->disk->fd;
    int count = (int)request->piece_parts;
    off_t offset = (off_t)request->offset;

    switch (request->way) {
    case DISK_WAY_READ:
        return preadv(fd, request->parts, count, offset);
    case DISK_WAY_WRITE:
    case DISK_WAY_WRITE_ZEROES:
        return pwritev2(fd, piece_parts(request), count, offset, request->durable ? RWF_DSYNC : 0);
    case DISK_WAY_FLUSH:
        return fdatasync(fd);
    case DISK_WAY_PUNCH:
    case DISK_WAY_ZERO_RANGE:
        return fallocate(fd, piece_mode(request->way), offset, (off_t)request->piece);
    }
    return 0;
}

int64_t piece_do(const struct disk_request *request)
{
    int64_t result = piece_call(request);

    return result < 0 ? -errno : result;
}

/* Drops the first `size` bytes of the parts. */
static void piece_drop_parts(struct disk_request *request, size_t size)
{
    while (size > 0 && size >= request->parts->iov_len) {
        size -= request->parts->iov_len;
        request->parts++;
        request->part_count--;
    }
    if (size > 0) {
        request->parts->iov_base = (char *)request->parts->iov_base + size;
        request->parts->iov_len -= size;
    }
}

static void piece_advance(struct disk_request *request, size_t size)
{
    if (request->way == DISK_WAY_READ || request->way == DISK_WAY_WRITE) {
        piece_drop_parts(request, size);
    }
    request->offset += size;
    request->size -= size;
}

/* What a way that is missing answers; a block device says EINVAL to what its blocks do not divide. */
static bool piece_is_missing(const struct disk_request *request, int error)
{
    bool is_space = request->way == DISK_WAY_PUNCH || request->way == DISK_WAY_ZERO_RANGE;

    return is_space && (error == EOPNOTSUPP || error == ENOSYS || error == ENODEV ||
                        (request->disk->is_device && error == EINVAL));
}

static bool piece_fails(struct disk_request *request, int failure, int *error)
{
    bool soon = failure == EINTR || failure == EAGAIN;

    if (soon && request->again < PIECE_AGAIN_MAX) {
        request->again++;
        piece_measure(request);
        return true;
    }
    if (piece_is_missing(request, failure)) {
        request->disk->cannot[request->way] = true;
        if (piece_has_way(request)) {
            piece_measure(request);
            return true;
        }
        failure = 0; /* A discard is advice. */
    }
    *error = -failure;
    return false;
}

/* How far a piece came that did not fail; 0: nowhere, which is the end of a shortened file. */
static size_t piece_progress(const struct disk_request *request, int64_t result)
{
    bool is_space = request->way == DISK_WAY_PUNCH || request->way == DISK_WAY_ZERO_RANGE;

    return is_space ? request->piece : (size_t)result;
}

/* All is written; it is on the medium if that was asked for. */
static bool piece_flushes(struct disk_request *request)
{
    bool is_zero = request->operation == DISK_ZERO || request->operation == DISK_DISCARD;

    if (!is_zero || !request->durable || request->way == DISK_WAY_WRITE_ZEROES) {
        return false;
    }
    request->way = DISK_WAY_FLUSH;
    piece_measure(request);
    return true;
}

/* True: another piece, or another way, is to be taken. False: the request has ended, with *error. */
static bool piece_next(struct disk_request *request, int64_t result, int *error)
{
    if (request->hidden > 0) {
        request->parts[request->piece_parts - 1].iov_len += request->hidden;
        request->hidden = 0;
    }
    if (result < 0) {
        return piece_fails(request, (int)-result, error);
    }
    *error = 0;
    if (request->way == DISK_WAY_FLUSH) {
        return false;
    }
    size_t size = piece_progress(request, result);
    if (size == 0) {
        *error = -ENODATA;
        return false;
    }
    piece_advance(request, size);
    if (request->size > 0) {
        piece_measure(request);
        return true;
    }
    return piece_flushes(request);
}

void piece_done(struct disk *disk, struct disk_request *request, int64_t result)
{
    int error;
    bool more = piece_next(request, result, &error);

    if (more && !disk->draining) {
        disk->engine->take(disk, request);
        return;
    }
    disk->under_way--;
    request->done(request, more ? -ECANCELED : error);
}
